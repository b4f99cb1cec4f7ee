"""Which codecs a GPU's NVENC writes: by name, whole or cut, and by PCI device id."""

from __future__ import annotations

import pytest

from streamkit.nvenc import AV1, EVERY, H264, HEVC, NONE, Codecs, codecs_by_name, codecs_by_pci_id

NAMES: dict[str, Codecs | None] = {
    # Fermi and older, Kepler, Maxwell
    "GeForce 210": NONE,
    "GeForce GTX 580": NONE,
    "NVS 315": NONE,
    "Quadro FX 1800": NONE,
    "GeForce GTX 670": H264,
    "GeForce GTX TITAN Black": H264,
    "Tesla K80": H264,
    "GRID K520": H264,
    "GeForce GTX 750 Ti": H264,
    "GeForce GTX 960M": H264,
    "Quadro M2000M": H264,
    "GRID M10-2Q": H264,
    "GeForce GTX 960": HEVC,
    "GeForce GTX 965M": HEVC,
    "GeForce GTX TITAN X": HEVC,
    "Tesla M60": HEVC,
    "GeForce 840M": NONE,
    "GeForce 940MX": NONE,
    "GeForce MX130": NONE,
    "Quadro K620M": NONE,
    # Pascal to Ampere
    "GeForce GT 1030": NONE,
    "GeForce MX150": NONE,
    "NVIDIA GeForce MX330": NONE,
    "NVIDIA GeForce MX350": NONE,
    "NVIDIA GeForce MX450": NONE,
    "P106-100": NONE,
    "Quadro P500": NONE,
    "GeForce GTX 1060 6GB": HEVC,
    "GeForce GTX 1070 with Max-Q Design": HEVC,
    "NVIDIA TITAN Xp": HEVC,
    "Tesla P100-SXM2-16GB": HEVC,
    "Tesla V100-PCIE-32GB": HEVC,
    "NVIDIA TITAN V": HEVC,
    "NVIDIA GeForce GTX 1650": HEVC,
    "NVIDIA GeForce RTX 2060 SUPER": HEVC,
    "Quadro RTX 6000": HEVC,
    "NVIDIA T1000 8GB": HEVC,
    "Tesla T4": HEVC,
    "NVIDIA A10G": HEVC,
    "NVIDIA A2": HEVC,
    "NVIDIA A40-48Q": HEVC,
    "NVIDIA RTX A2000 12GB": HEVC,
    "NVIDIA GeForce RTX 2050": HEVC,
    "NVIDIA GeForce RTX 3070 Laptop GPU": HEVC,
    "NVIDIA A100-SXM4-40GB": NONE,
    "NVIDIA A100 80GB PCIe": NONE,
    "GRID A100D-20C": NONE,
    "NVIDIA A30": NONE,
    "NVIDIA CMP 170HX": NONE,
    # Hopper to Blackwell
    "NVIDIA H100 80GB HBM3": NONE,
    "NVIDIA H200": NONE,
    "NVIDIA GH200 480GB": NONE,
    "NVIDIA B200": NONE,
    "NVIDIA GB200": NONE,
    "NVIDIA L4": AV1,
    "NVIDIA L40S": AV1,
    "NVIDIA RTX 6000 Ada Generation": AV1,
    "NVIDIA RTX 4000 SFF Ada Generation": AV1,
    "NVIDIA GeForce RTX 4060 Ti": AV1,
    "NVIDIA GeForce RTX 4090 Laptop GPU": AV1,
    "NVIDIA GeForce RTX 3050 A Laptop GPU": AV1,
    "NVIDIA GeForce RTX 5090 D": AV1,
    "NVIDIA RTX PRO 6000 Blackwell Workstation Edition": AV1,
    "NVIDIA GB10": AV1,
    # as lspci prints them
    "TU117M [GeForce GTX 1650 Mobile / Max-Q]": HEVC,
    "TU117M [GeForce MX450]": NONE,
    "GP107M [GeForce MX350]": NONE,
    "GP107M [GeForce MX150]": NONE,
    "GP106 [P106-100]": NONE,
    "GA100 [A100 SXM4 40GB]": NONE,
    "GM107 [GeForce GTX 750 Ti]": H264,
    "GK107 [GeForce GT 730]": H264,
    "G98 [GeForce 8400 GS Rev. 2]": NONE,
    "NVIDIA Corporation AD106M [GeForce RTX 4070 Max-Q / Mobile]": AV1,
    # not settled
    "GeForce GT 730": None,
    "GeForce GT 710": None,
    "NVIDIA GeForce MX570": None,
    "GA102 [CMP 90HX]": None,
    "Orin (nvgpu)": None,
    "NVIDIA Graphics Device": None,
    "NVIDIA GeForce RTX 9090": None,
    "NVIDIA": None,
    "": None,
    # cut: decided only where all that it can be agree
    "NVIDIA GeForce RTX 40...": AV1,
    "NVIDIA GeForce RTX 4080 ...": AV1,
    "NVIDIA GeForce RTX 3050 ...": HEVC,
    "NVIDIA RTX 6000 Ada Gene...": AV1,
    "NVIDIA RTX PRO 6000 Blac...": AV1,
    "GeForce GTX 165...": HEVC,
    "GeForce RTX 208...": HEVC,
    "GeForce GTX 108...": HEVC,
    "Tesla P100-PCIE...": HEVC,
    "Tesla V100-SXM2...": HEVC,
    "NVIDIA Tesla V1...": HEVC,
    "Quadro RTX 5000...": HEVC,
    "NVIDIA Quadro R...": HEVC,
    "NVIDIA A100-SXM...": NONE,
    "NVIDIA A100 80G...": NONE,
    "NVIDIA GeForce ...": None,
    "GeForce GTX TIT...": None,
    "GeForce GTX 96…": None,
}


@pytest.mark.parametrize(("name", "codecs"), NAMES.items())
def test_by_name(name: str, codecs: Codecs | None) -> None:
    answer = codecs_by_name(name)
    assert answer.codecs == codecs
    assert answer.reason.startswith(name.replace("  ", " "))
    assert (len(answer.possible) == 1) == (codecs is not None)


@pytest.mark.parametrize(
    ("pci_id", "chip", "codecs"),
    [
        ("10de:2335", "GH100", NONE),
        ("10de:20b0", "GA100", NONE),
        ("10de:20f1", "GA100", NONE),
        ("10de:1d01", "GP108", NONE),
        ("10de:1d10", "GP108", NONE),
        ("10de:1d12", "GP108", NONE),
        ("10de:1c90", "GP107", NONE),
        ("10de:1c94", "GP107", NONE),
        ("10de:1f97", "TU117", NONE),
        ("10de:1c07", "GP106", NONE),
        ("10de:1341", "GM108", NONE),
        ("10de:2901", "GB100", NONE),
        ("10de:0a65", None, NONE),
        ("10de:1201", "GF114", NONE),
        ("10de:1187", "GK104", H264),
        ("10de:1380", "GM107", H264),
        ("10de:13c2", "GM204", HEVC),
        ("10de:1c82", "GP107", HEVC),
        ("10de:15f8", "GP100", HEVC),
        ("10de:1db4", "GV100", HEVC),
        ("10de:1f82", "TU117", HEVC),
        ("10de:1f91", "TU117", HEVC),
        ("10DE:1EB8", "TU104", HEVC),
        ("10de:2204", "GA102", HEVC),
        ("10de:25a2", "GA107", HEVC),
        ("0x2820", "AD106", AV1),
        ("2684", "AD102", AV1),
        ("10de:2b85", "GB202", AV1),
        ("10de:2e12", "GB20B", AV1),
        ("10de:128b", "GK208", None),
        ("10de:25a6", "GA107", None),
        ("10de:1ad6", None, None),
        ("10de:ffff", None, None),
        ("8086:7d55", None, None),
        ("", None, None),
    ],
)
def test_by_pci_id(pci_id: str, chip: str | None, codecs: Codecs | None) -> None:
    answer = codecs_by_pci_id(pci_id)
    assert (answer.chip, answer.codecs) == (chip, codecs)


def test_an_id_of_no_known_block_is_answered_by_its_name() -> None:
    assert codecs_by_pci_id("10de:3fff", "NVIDIA GeForce RTX 5090").codecs == AV1
    assert "10de:1f82" in codecs_by_pci_id("10de:1f82", "GeForce GTX 1650").reason


def test_what_is_not_ruled_out_is_told() -> None:
    assert codecs_by_name("GeForce GTX 96...").possible == {H264, HEVC}
    assert codecs_by_name("GeForce GT 710").possible == {NONE, H264}
    assert codecs_by_name("Voodoo 5").possible == EVERY


def test_the_driver_rules_out_generations_it_no_longer_runs() -> None:
    assert NONE in codecs_by_name("NVIDIA GeForce GTX ...").possible
    assert codecs_by_name("NVIDIA GeForce GTX ...", 470).possible == {H264, HEVC}
    assert codecs_by_name("GeForce GT 640", 390).codecs is None
    # A driver that can run none of them rules nothing out: the paste mixes two machines.
    assert codecs_by_name("GeForce GTX 580", 535).codecs == NONE


def test_reasons_say_why_there_is_none() -> None:
    assert codecs_by_name("GeForce GT 1030").reason == "GeForce GT 1030 has no NVENC"
    assert "switched off" in codecs_by_name("NVIDIA GeForce MX450").reason
    assert "V4L2" in codecs_by_name("Orin (nvgpu)").reason
    assert "not a known GPU name" in codecs_by_name("Voodoo 5").reason
