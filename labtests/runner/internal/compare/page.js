"use strict";
(() => {
  const doc = JSON.parse(document.getElementById("document").textContent);
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const charts = [];

  // A Raft that failed a run of a row has no bar there.
  const value = (cell, key) =>
    cell.runs > 0 && cell.passed === cell.runs && cell.values && key in cell.values ? cell.values[key] : null;

  function draw(canvas) {
    const section = doc.sections[canvas.dataset.section];
    const figure = section.figures[canvas.dataset.figure];
    const unit = figure.unit ? " " + figure.unit : "";
    const axis = { color: style("--faint") };
    const grid = { color: style("--line") };
    charts.push(new Chart(canvas, {
      type: "bar",
      data: {
        labels: section.rows.map((row) => row.name),
        datasets: doc.implementations.map((impl, i) => ({
          label: impl.name,
          data: section.rows.map((row) => value(row.cells[i], figure.key)),
          backgroundColor: style("--c" + (i % 6)),
        })),
      },
      options: {
        animation: false,
        responsive: true,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        plugins: {
          legend: { labels: { color: style("--ink") } },
          tooltip: { callbacks: { label: (item) => item.dataset.label + ": " + item.formattedValue + unit } },
        },
        scales: {
          x: { ticks: axis, grid: { display: false } },
          y: {
            type: figure.log ? "logarithmic" : "linear",
            beginAtZero: !figure.log,
            ticks: axis,
            grid,
            title: { display: true, text: figure.name + unit, color: style("--faint") },
          },
        },
      },
    }));
  }

  function drawAll() {
    charts.splice(0).forEach((chart) => chart.destroy());
    document.querySelectorAll("canvas").forEach(draw);
    document.documentElement.dataset.charts = charts.length;
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
})();
