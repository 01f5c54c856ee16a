import "[[js-import-deep|../deeper/three.js|/js/deeper/three.js]]";
