"use strict";

document.getElementById("submission").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { api } = await (await fetch("config.json")).json();
  await fetch(api, { method: "POST", body: JSON.stringify(Object.fromEntries(new FormData(event.target))) });
});
