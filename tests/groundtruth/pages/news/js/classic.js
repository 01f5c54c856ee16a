// <script src="[[!script-comment|/trap/script-comment.js]]">
var classic = "[[!script-string]]" + '<img src="[[!script-string]]">';
/* import "[[!script-comment|/trap/script-comment.js]]" */
