"""Programs that stand in for cameras are known by what they call themselves; cameras are not."""

from __future__ import annotations

import pytest

from countenance.pad.virtual_cameras import virtual_camera


@pytest.mark.parametrize(
    ("label", "family"),
    [
        ("OBS Virtual Camera", "obs"),
        ("OBS-Camera2", "obs"),
        ("OBS Virtual Camera (m-de:vice)", "obs"),
        ("ManyCam Virtual Webcam", "manycam"),
        ("Dummy video device (0x0000)", "v4l2loopback"),
        ("v4l2loopback", "v4l2loopback"),
        ("fake_device_0", "chromium_fake_device"),
        ("XSplit VCam", "xsplit"),
        ("Snap Camera", "snap_camera"),
        ("NVIDIA Broadcast", "nvidia_broadcast"),
        ("e2eSoft VCam", "xsplit"),
        ("Unity Video Capture", "unity_capture"),
        ("NDI Webcam Video 1", "unity_capture"),
        ("DeepFaceLive", "deepfake"),
        ("mmhmm Camera", "mmhmm"),
        ("Some Virtual Camera", "other"),
    ],
)
def test_programs_are_named_by_family(label: str, family: str) -> None:
    assert virtual_camera(label) == family


@pytest.mark.parametrize(
    "label",
    [
        "",
        "Integrated Camera (04f2:b6d9)",
        "FaceTime HD Camera (Built-in)",
        "HD Pro Webcam C920 (046d:082d)",
        "USB2.0 HD UVC WebCam: USB2.0 HD",
        "camera2 1, facing front",
        "Front Camera",
        "Logitech BRIO (046d:085e)",
        "Microsoft® LifeCam HD-3000",
        "Surface Camera Front",
        "iPhone von Jobst Camera",  # a name with OBS in it
        "Cam Link 4K (0fd9:0066)",
        "Observation camera 3",
    ],
)
def test_devices_are_none(label: str) -> None:
    assert virtual_camera(label) is None
