"""SHA-256 of what comes with the product; written by `python -m tools.pin_models`."""

from __future__ import annotations

from typing import Final

PINS: Final = {
    "dlib-resnet.json": "4866ce1238a745571c9f3f594395a6619516112e16c52ba8eef4b35a88654dfc",
    "minifasnet-v1se.json": "1690024c758bcad1cf7988789a5cc9f13cb20ff17e46f8f2defecb24d25fe4f2",
    "minifasnet-v2.json": "726d26b928a311e20c8b5a74a1115f0ec5baa8cca7797234fa08c6ac4d8a0c28",
    "packs/dlib.json": "479e9fd13f464aaa1109a6a58635167255878d3f38f836e749fb98578b11eb1f",
    "packs/minifasnet.json": "3a3d37aa89504c655ecd4a749ad6d681e1a71ac029649a2e167b2cf484f56f56",
    "packs/opencv-zoo.json": "9938e554e1a5ae65540bb7a923d0a399e1d7ff269ab67f8d8daf4afa03911835",
    "pad-lite0-linear.json": "1fafe2e19fa685d7524ac1475f923d9f1791b9b2ad505fdd66c83256b6dd91b7",
    "pad-lite0-linear.onnx": "678875f384edc973ec5f303bbbdfdb4cfe513a5129035f62d5fa0e59075a10b0",
    "ranges/lite0.json": "0142a94a4934ee4ed73cff3d6e29bbb905a68f2bc42020ed78defe0db96c0e4e",
    "ranges/sface.json": "b45690e0baab1bf8dca306b3b1f9e6e7d2a67e254cacc040fc099bba9c4045a5",
    "sface.json": "6883a90412ae338057eeec62148882c779a7bbfc8bb69e1454c227da4c93ad74",
    "yunet.json": "c1e9b57686ed67d02e844ebccd3631091fdc196586325a7914b1578f7e868a16",
}
