// How long the article takes to read, at two hundred words a minute.
const words = document.querySelector("article").textContent.trim().split(/\s+/).length;
const minutes = Math.max(1, Math.round(words / 200));
document.getElementById("reading-time").textContent = `\u00b7 ${minutes} min`;
