//! Runs seeds.
use pontoon_sim::*;
fn main() {
    silence_panics();
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "seed" {
        let seed = args[2].parse().unwrap();
        for line in transcript(seed, u64::MAX) {
            println!("{line}");
        }
        return;
    }
    let (a, b): (u64, u64) = (args[1].parse().unwrap(), args[2].parse().unwrap());
    let start = std::time::Instant::now();
    let s = run_seeds(a..b, 2, |seed| run_seed(seed, u64::MAX));
    let wall = start.elapsed().as_secs_f64();
    let hours = s.stats.simulated_us as f64 / 3.6e9;
    println!("{s:#?}\n{hours:.2} h in {wall:.2} s: {:.1} h/min", hours / wall * 60.0);
}
