import depth from "[[importmap-scope|depth|/js/scoped-depth.js]]";
