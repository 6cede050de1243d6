//! Part A: leader election.

use super::bench::{Tested, require};
use super::task::Lab;

pub(super) async fn initial_election(lab: Lab) -> Tested<()> {
    lab.check_one_leader().await?;
    lab.sleep(50).await;
    let term = lab.check_terms()?;
    require(term >= 1, || format!("the term is {term}"))?;
    lab.sleep(2000).await;
    lab.check_terms()?;
    lab.check_one_leader().await?;
    Ok(())
}

pub(super) async fn re_election(lab: Lab) -> Tested<()> {
    let first = lab.check_one_leader().await?;
    lab.disconnect(first);
    lab.check_one_leader().await?;
    lab.connect(first);
    let second = lab.check_one_leader().await?;
    lab.disconnect(second);
    lab.disconnect(second + 1);
    lab.sleep(2000).await;
    lab.check_no_leader()?;
    lab.connect(second + 1);
    lab.check_one_leader().await?;
    lab.connect(second);
    lab.check_one_leader().await?;
    Ok(())
}

pub(super) async fn many_elections(lab: Lab) -> Tested<()> {
    lab.check_one_leader().await?;
    for _ in 0..9 {
        let cut = [0; 3].map(|_: usize| lab.random(7) as usize);
        cut.iter().for_each(|at| lab.disconnect(*at));
        lab.check_one_leader().await?;
        cut.iter().for_each(|at| lab.connect(*at));
    }
    lab.check_one_leader().await?;
    Ok(())
}
