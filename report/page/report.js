// Draws each chart into the element of its name. The colours are those of report.css, by name, so
// that they change with the reader's preference. `ast`: expressions are interpreted, for the
// page's Content-Security-Policy lets nothing be evaluated.
const { charts, config } = JSON.parse(document.getElementById("charts").textContent);
for (const [name, { spec, rows }] of Object.entries(charts)) {
  const height = spec.height ?? 26 * rows.length;
  const drawn = { ...spec, config, height, width: "container", data: { values: rows } };
  vegaEmbed(document.getElementById(name), drawn, {
    actions: false,
    ast: true,
    defaultStyle: false,
    renderer: "svg",
    tooltip: { disableDefaultStyle: true },
  });
}
