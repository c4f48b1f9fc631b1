"""Training the judge: from question files to a small cross-encoder, as int8 ONNX with its calibration."""
