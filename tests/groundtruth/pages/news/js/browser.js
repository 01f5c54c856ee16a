// What follows is built by the script, so that no reading of its text can find it.
(function () {
  var at = "/browser/";
  new Image().src = [[js-image|at + "new-image" + ".png"|/browser/new-image.png|browser]];
  fetch([[js-fetch|at + "fetched" + ".json"|/browser/fetched.json|browser]]);
  var request = new XMLHttpRequest();
  request.open("GET", [[js-xhr|at + "requested" + ".json"|/browser/requested.json|browser]]);
  request.send();
  import([[js-dynamic-import|at + "imported" + ".js"|/browser/imported.js|browser]]);
  new Worker([[js-worker|at + "worker" + ".js"|/browser/worker.js|browser]]);
  var sheet = new CSSStyleSheet();
  sheet.replaceSync("#shown { background: url(" + [[js-adopted-sheet|at + "adopted" + ".png"|/browser/adopted.png|browser]] + ") }");
  document.adoptedStyleSheets = [sheet];
  new FontFace("Made", "url(" + [[js-font-face|at + "face" + ".woff2"|/browser/face.woff2|browser]] + ")").load().catch(function () {});
  var box = document.createElement("div");
  box.innerHTML = "<img src=" + [[js-markup|at + "inserted" + ".png"|/browser/inserted.png|browser]] + ">";
  document.body.append(box);
  var style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = [[js-link-element|at + "added" + ".css"|/browser/added.css|browser]];
  document.head.append(style);
  var script = document.createElement("script");
  script.src = [[js-script-element|at + "added" + ".js"|/browser/added.js|browser]];
  document.head.append(script);
})();
