"""Certificates of the test's own, signed by themselves or by a CA."""

from harness import run

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def make_self_signed(folder, name, hosts="DNS:localhost,IP:127.0.0.1", days=2):
    """The paths of certificate and key."""
    made, key = folder / f"{name}.crt", folder / f"{name}.key"
    done = run("openssl", "req", "-x509", *KEY, "-days", str(days), "-subj", f"/CN={name}",
               "-addext", f"subjectAltName={hosts}", "-keyout", key, "-out", made)
    assert done.returncode == 0, done.stderr
    return made, key


def make_ca(folder, name="lastgood test CA"):
    """The certificate's path."""
    run("openssl", "req", "-x509", *KEY, "-days", "2", "-subj", f"/CN={name}",
        "-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    return folder / "ca.crt"


def make_signed(folder, name, hosts="DNS:localhost,IP:127.0.0.1", expired=False):
    """By the CA in `folder`: the paths of certificate and key."""
    key, request, made = (folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
    (folder / f"{name}.ext").write_text(f"subjectAltName={hosts}\n")
    run("openssl", "req", *KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    sign = ("openssl", "x509", "-req", "-in", request, "-CA", folder / "ca.crt", "-CAkey",
            folder / "ca.key", "-CAcreateserial", "-extfile", folder / f"{name}.ext", "-out", made)
    done = run(*sign, "-days", "-1" if expired else "2")
    if expired and done.returncode != 0:  # OpenSSL from 3.4 on wants both ends of a time that is over
        done = run(*sign, "-not_before", "20200101000000Z", "-not_after", "20200102000000Z")
    assert made.exists() and made.stat().st_size > 0, done.stderr
    return made, key
