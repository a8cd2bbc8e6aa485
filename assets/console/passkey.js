// Asks an authenticator for a passkey, and sends what it says by the page's own form. Where it can't, the form stays hidden, and
// password and code stand alone.
"use strict";
(() => {
  const form = document.getElementById("passkey");
  if (!form || !isSecureContext || !globalThis.PublicKeyCredential || !navigator.credentials) return;
  const { dataset } = form, said = form.querySelector("[role=alert]"), button = form.querySelector("button");
  form.hidden = false;

  // Bytes as the server writes them (RFC 4648, 5).
  const bytes = text => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), c => c.charCodeAt(0));
  const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer ?? [])))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const key = id => ({ type: "public-key", id: bytes(id) });

  const made = async it => {
    const { response } = await navigator.credentials.create({ publicKey: {
      challenge: bytes(it.challenge),
      rp: { id: it.rpId, name: "Vårdkase" },
      user: { id: bytes(it.user), name: it.name, displayName: it.name },
      pubKeyCredParams: it.algorithms.map(alg => ({ type: "public-key", alg })),
      excludeCredentials: it.known.map(key),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
    } });
    return { client: response.clientDataJSON, attestation: response.attestationObject };
  };
  const shown = async it => {
    const { rawId, response } = await navigator.credentials.get({ publicKey: {
      challenge: bytes(it.challenge), rpId: it.rpId, userVerification: "required",
    } });
    return { credential: rawId, client: response.clientDataJSON, authenticator: response.authenticatorData,
      signature: response.signature, user: response.userHandle };
  };

  form.addEventListener("submit", async event => {
    event.preventDefault();
    button.disabled = true;
    said.hidden = true;
    try {
      const asked = await fetch(dataset.ask, { cache: "no-store" });
      // The session has ended: the page says so itself.
      if (!asked.ok || asked.redirected) { location.reload(); return; }
      const it = await asked.json();
      for (const [name, buffer] of Object.entries(await (it.user ? made : shown)(it))) {
        const field = document.createElement("input");
        Object.assign(field, { type: "hidden", name, value: text(buffer) });
        form.append(field);
      }
      form.submit();
    } catch (why) {
      const known = { NotAllowedError: dataset.stopped, AbortError: dataset.stopped, InvalidStateError: dataset.known };
      said.textContent = "✖ " + (known[why.name] ?? dataset.failed);
      said.hidden = false;
      button.disabled = false;
    }
  });
})();
