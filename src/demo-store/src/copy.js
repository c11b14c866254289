// Copies the command. The button shows only where this script runs and copying is possible.
const command = document.getElementById("command");
const button = document.getElementById("copy");

function copySelected() {
  getSelection().selectAllChildren(command);
  return document.execCommand("copy");
}

async function copy() {
  try {
    // Only pages with a secure address have a clipboard of their own.
    await navigator.clipboard.writeText(command.textContent);
    return true;
  } catch {
    return copySelected();
  }
}

button.hidden = !(navigator.clipboard || document.queryCommandSupported("copy"));
button.addEventListener("click", async () => {
  button.textContent = (await copy()) ? "Copied" : "Press Ctrl+C";
  setTimeout(() => (button.textContent = "Copy"), 3000);
});
