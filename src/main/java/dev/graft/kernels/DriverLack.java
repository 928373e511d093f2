package dev.graft.kernels;

/** What keeps a driver from being asked, with its cure. */
final class DriverLack {
  static final CudaLack NONE =
      new CudaLack(
          "there is no NVIDIA driver",
          "install the driver of the GPU; in a container give it one (docker run --gpus all,"
              + " Kubernetes: nvidia.com/gpu)");

  private DriverLack() {}

  static CudaLack absent(boolean driverOpens) {
    return driverOpens
        ? new CudaLack(
            "there is an NVIDIA driver, and no nvidia-smi to ask it",
            "put nvidia-smi on the PATH; in a container set"
                + " NVIDIA_DRIVER_CAPABILITIES=compute,utility")
        : NONE;
  }

  static CudaLack said(String said) {
    String cure = "run nvidia-smi and correct what it reports";
    if (said.contains("version mismatch")) {
      cure = "restart the machine: the driver was upgraded while it was loaded";
    } else if (said.contains("communicate with the NVIDIA driver")) {
      cure = "load the driver (modprobe nvidia), or install it again for this kernel";
    } else if (said.contains("No devices were found")) {
      cure = "check that the GPU is there (lspci), or give the container one";
    } else if (said.contains("not a valid field")) {
      cure = "install a driver that is newer";
    } else if (said.contains("Failed to initialize NVML")) {
      cure = "run nvidia-smi on the host; if it works there, start the container again";
    }
    return new CudaLack("nvidia-smi says: " + said, cure);
  }
}
