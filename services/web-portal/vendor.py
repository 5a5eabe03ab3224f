"""Bring the two design systems' stylesheets and scripts into the portal's static folder.

Run once when a version changes and commit the result, so that neither CI nor a deployment needs
npm: `python services/web-portal/vendor.py`. Only `npm pack` is used: nothing is installed and no
package script runs. What makes a page look like GOV.UK (the GDS Transport font, the crown, the
royal arms) may not be used by a service that is not on GOV.UK, so it is taken out here and its
absence is asserted.
"""

import base64
import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

TARGET = Path(__file__).parent / "web_portal" / "static" / "vendor"
IMAGES = "/static/vendor/images/"

PACKAGES = {
    "govuk-frontend@6.3.0": (
        "sha512-cXIQxm5PHCsbic47GXZrVBZhAeeshTLRL6ZBKilLsR6rMCjJuWb7Fruq0VUNMBJFlJk/srsRj/q8d5bM9cgKoA==",
        ("package/dist/govuk/govuk-frontend.min.css", "package/dist/govuk/govuk-frontend.min.js"),
    ),
    "@ministryofjustice/frontend@11.1.0": (
        "sha512-1bkUbm2M4DpcpX/pOmumQRBsbJco9W2RwmJv5h/ZC/ZqrAOn2/FjpF+A7vS0gs7oMXBizr9O5huDrSYbLx73Nw==",
        ("package/moj/moj-frontend.min.css",),  # no page uses its script
    ),
}


def main() -> None:
    """Fetch, check, clean and write the files, then record where they came from."""
    (TARGET / "images").mkdir(parents=True, exist_ok=True)
    written = {}
    for spec, (integrity, names) in PACKAGES.items():
        files = unpack(pack(spec, integrity))
        for name in names:
            path = TARGET / Path(name).name
            text = files[name].decode()
            path.write_text(clean_css(text) if path.suffix == ".css" else clean_js(text))
        for name, body in files.items():
            if Path(name).name in wanted_images() and "/images/" in name:
                (TARGET / "images" / Path(name).name).write_bytes(body)
        written[spec] = {"integrity": integrity, "licence": "MIT"}
    (TARGET / "SOURCES.json").write_text(json.dumps(written, indent=2, sort_keys=True) + "\n")


def wanted_images() -> set[str]:
    """Return the names of the images that the stylesheets show."""
    css = "".join(path.read_text() for path in TARGET.glob("*.css"))
    return set(re.findall(rf"{IMAGES}([\w-]+\.svg)", css))


def pack(spec: str, integrity: str) -> bytes:
    """The package's tarball, checked against the npm `integrity` hash that we expect."""
    with tempfile.TemporaryDirectory() as folder:
        answer = subprocess.run(  # noqa: S603
            ["npm", "pack", spec, "--json", "--silent"],  # noqa: S607
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        name = str(json.loads(answer.stdout)[0]["filename"])
        body = (Path(folder) / name).read_bytes()
    algorithm, _, expected = integrity.partition("-")
    found = base64.b64encode(hashlib.new(algorithm, body).digest()).decode()
    if found != expected:
        raise SystemExit(f"{spec}: the tarball's hash is {found}, not the recorded one")
    return body


def unpack(tarball: bytes) -> dict[str, bytes]:
    """Every regular file of the tarball by its name."""
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        return {m.name: handle.read() for m in members if (handle := archive.extractfile(m))}


def clean_css(text: str) -> str:
    """The stylesheet with a neutral font, without crests, and with our own image addresses."""
    text = re.sub(r"@font-face\s*\{[^}]*\}", "", text)
    text = re.sub(r'"?GDS Transport"?\s*,\s*arial', "Helvetica Neue,Helvetica,Arial", text)
    text = re.sub(r"/?(?:moj/)?assets/images/(icon-)", rf"{IMAGES}\1", text)
    text = re.sub(r"/\*#.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"url\([^)]*(?:crest|crown|logotype)[^)]*\)", "none", text)
    for banned in ("GDS Transport", "@font-face", "govuk-crest", "GOV.UK"):
        if banned in text:
            raise SystemExit(f"the stylesheet still has {banned!r}")
    return text


def clean_js(text: str) -> str:
    """The script without its pointer to a source map that is not shipped."""
    return re.sub(r"//# sourceMappingURL=\S+\s*$", "", text).rstrip() + "\n"


if __name__ == "__main__":
    main()
