// Passkeys: asks the browser for what the server wants signed, and sends the form with it.
export function usePasskey(form) {
  const creating = form.dataset.passkey === "create";
  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    const failed = form.querySelector("[data-passkey-error]");
    failed.hidden = true;
    try {
      const options = await optionsOf(form);
      const credential = creating
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.requestSubmit();
    } catch {
      failed.hidden = false;
    }
  });
}

async function optionsOf(form) {
  if (form.dataset.optionsJson) return JSON.parse(form.dataset.optionsJson);
  const headers = { "X-CSRF-Token": form.elements.csrf_token.value };
  const answer = await fetch(form.dataset.options, { method: "POST", headers });
  if (!answer.ok) throw new Error("no options");
  return (await answer.json()).options;
}
