"""A backup's envelope: it opens whole, with its passphrase, or not at all."""

import io
import os
import stat
from pathlib import Path

import pytest

from calwarden.vault import EnvelopeBroken, Opening, Sealing, placed
from calwarden.vault.envelope import CHUNK, FIRST_LINE

PASSPHRASE = "correct horse battery staple"
HEAD, SEALED = len(FIRST_LINE) + 16, CHUNK + 16


def sealed(*plain: bytes, passphrase: str = PASSPHRASE) -> bytes:
    file = io.BytesIO()
    sealing = Sealing(file.write, passphrase)
    for part in plain:
        sealing.write(part)
    sealing.finish()
    return file.getvalue()


def opened(content: bytes, passphrase: str = PASSPHRASE) -> bytes:
    opening = Opening(io.BytesIO(content), passphrase)
    return b"".join(iter(lambda: opening.read(1), b""))


@pytest.mark.parametrize("size", [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_what_was_sealed_opens(size: int) -> None:
    plain = os.urandom(size)
    assert opened(sealed(plain)) == opened(sealed(plain[: size // 3], plain[size // 3 :])) == plain


def test_the_same_bytes_are_sealed_differently_each_time_and_show_nothing() -> None:
    one, two = sealed(b"secret" * 100), sealed(b"secret" * 100)
    assert one[HEAD:] != two[HEAD:]
    assert b"secret" not in one


def test_a_stream_that_comes_in_small_pieces_opens() -> None:
    class Pipe(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 7_001))

    opening = Opening(Pipe(sealed(b"a" * (CHUNK + 5))), PASSPHRASE)
    assert opening.read(CHUNK + 5) == b"a" * (CHUNK + 5)
    assert opening.read(1) == b""


def test_another_passphrase_does_not_open() -> None:
    with pytest.raises(EnvelopeBroken, match="the passphrase is another one"):
        opened(sealed(b"secret"), passphrase=f"{PASSPHRASE} ")


def test_what_is_no_backup_or_of_a_later_format_is_told_apart_from_a_wrong_passphrase() -> None:
    for content in (b"", b"SQLite format 3\0", FIRST_LINE.replace(b"1", b"2") + bytes(100)):
        with pytest.raises(EnvelopeBroken, match="it is no backup, or one of a later version"):
            opened(content)


@pytest.mark.parametrize("place", [HEAD - 1, HEAD, HEAD + SEALED - 1, HEAD + SEALED, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    content = bytearray(sealed(b"a" * (CHUNK + 100)))
    content[place] ^= 1
    with pytest.raises(EnvelopeBroken):
        opened(bytes(content))


@pytest.mark.parametrize("left", [0, 5, HEAD - 1, HEAD, HEAD + 10, HEAD + SEALED, HEAD + SEALED + 10, -1])
def test_whatever_is_cut_off_is_missed(left: int) -> None:
    content = sealed(b"a" * (2 * CHUNK))
    with pytest.raises(EnvelopeBroken):
        opened(content[:left])


def test_chunks_that_are_swapped_repeated_dropped_or_appended_are_noticed() -> None:
    content = sealed(b"a" * CHUNK + b"b" * CHUNK + b"c" * CHUNK)
    head, one, two, three = (
        content[:HEAD],
        content[HEAD : HEAD + SEALED],
        content[HEAD + SEALED : HEAD + 2 * SEALED],
        content[HEAD + 2 * SEALED :],
    )
    other = sealed(b"a" * CHUNK + b"b" * CHUNK + b"c" * CHUNK)[HEAD + SEALED : HEAD + 2 * SEALED]
    assert opened(head + one + two + three) == opened(content)
    for changed in (two + one + three, one + one + two + three, one + three, one + two + three + three, one + other):
        with pytest.raises(EnvelopeBroken):
            opened(head + changed)


def test_a_stream_that_was_not_finished_does_not_open() -> None:
    file = io.BytesIO()
    Sealing(file.write, PASSPHRASE).write(b"a" * (3 * CHUNK))
    with pytest.raises(EnvelopeBroken):
        opened(file.getvalue())


def test_asking_for_more_than_there_is_is_an_error_and_no_short_answer() -> None:
    with pytest.raises(EnvelopeBroken, match="too soon"):
        Opening(io.BytesIO(sealed(b"four")), PASSPHRASE).read(5)


def test_a_file_is_in_place_whole_or_not_at_all_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(TypeError), placed(path) as file:
        file.writelines([b"half", None])  # type: ignore[list-item]  # an error in the middle
    assert list(tmp_path.iterdir()) == []
    with placed(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_is_there_is_replaced_only_on_demand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:

        def refuse(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(Path, "hardlink_to", refuse)  # as on FAT and some network file systems
    path = tmp_path / "file"
    with placed(path) as file:
        file.write(b"first")
    with pytest.raises(FileExistsError), placed(path) as file:
        file.write(b"second")
    assert path.read_bytes() == b"first"
    with placed(path, replace=True) as file:
        file.write(b"third")
    assert path.read_bytes() == b"third"
    assert list(tmp_path.iterdir()) == [path]
