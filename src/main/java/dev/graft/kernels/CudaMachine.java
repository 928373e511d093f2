package dev.graft.kernels;

import dev.graft.kernels.CudaDevice.CudaLack;
import dev.graft.kernels.NvidiaSmi.SmiAnswer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The GPUs of a machine, usable or not.
 *
 * @param devices in the order of the PCI bus, those that {@code CUDA_VISIBLE_DEVICES} leaves
 * @param lack why none of them can be used, or one whose line could not be parsed; null = no
 *     problem
 */
public record CudaMachine(List<CudaDevice> devices, @Nullable CudaLack lack) {
  /** CUDA's own variable: the devices that a process sees. */
  public static final String VISIBLE = "CUDA_VISIBLE_DEVICES";

  public CudaMachine {
    devices = List.copyOf(devices);
  }

  /**
   * Returns the current state of this machine. Takes a second, or several if the driver must start.
   */
  public static CudaMachine here() {
    Map<String, String> environment = System.getenv();
    SmiAnswer answer = NvidiaSmi.here().ask();
    if (answer instanceof SmiAnswer.Answered) NvidiaModprobe.here().run();
    return of(
        answer,
        CudaLibrary.in(CudaLibrary.directory(environment)),
        CudaLibrary.driverOpens(),
        environment);
  }

  /**
   * @param library null = none is installed
   * @param driverOpens whether {@code libcuda.so.1} does
   */
  static CudaMachine of(
      SmiAnswer answer,
      @Nullable CudaLibrary library,
      boolean driverOpens,
      Map<String, String> environment) {
    return switch (answer) {
      case SmiAnswer.Missing missing -> new CudaMachine(List.of(), absent(driverOpens));
      case SmiAnswer.Failed failed -> new CudaMachine(List.of(), reported(failed.message()));
      case SmiAnswer.Answered answered -> {
        NvidiaSmi.SmiReading reading = NvidiaSmi.SmiReading.of(answered);
        List<CudaDevice> devices = new ArrayList<>();
        for (CudaDevice each : CudaDevice.visible(reading.gpus(), environment.get(VISIBLE))) {
          CudaLack lack = lack(each, library, driverOpens, environment);
          CudaDevice named = each.named("cuda:" + devices.size());
          devices.add(lack == null ? named : named.lacking(lack));
        }
        yield new CudaMachine(devices, lack(reading, devices, environment.get(VISIBLE)));
      }
    };
  }

  private static @Nullable CudaLack lack(
      CudaDevice device,
      @Nullable CudaLibrary library,
      boolean driverOpens,
      Map<String, String> environment) {
    if (device.lack() != null) return device.lack();
    if (!driverOpens) {
      return new CudaLack(
          "the driver's library libcuda.so.1 does not open",
          "in a container set NVIDIA_DRIVER_CAPABILITIES=compute,utility; else install the driver"
              + " again");
    }
    if (environment.containsKey(CudaLibrary.DJL_VARIABLE)) return null;
    if (library == null) {
      return new CudaLack(
          "there is no CUDA build of libtorch in " + CudaLibrary.directory(environment),
          "lay it out: graft libtorch fetch");
    }
    CudaLack wrong = library.lack();
    return wrong != null ? wrong : library.lack(device.capability());
  }

  private static @Nullable CudaLack lack(
      NvidiaSmi.SmiReading reading, List<CudaDevice> devices, @Nullable String visible) {
    if (reading.unread() != null) return reported(reading.unread());
    if (!devices.isEmpty()) return null;
    return reading.gpus().isEmpty()
        ? reported("No devices were found")
        : new CudaLack(
            "CUDA_VISIBLE_DEVICES=%s leaves no GPU".formatted(visible),
            "unset it, or name GPUs as nvidia-smi -L does");
  }

  /** Returns whether the machine has neither a driver nor nvidia-smi. */
  public boolean isWithoutDriver() {
    return NO_DRIVER.equals(lack);
  }

  public List<CudaDevice> usable() {
    return devices.stream().filter(CudaDevice::usable).toList();
  }

  /**
   * Returns the device of that name.
   *
   * @throws DeviceUnavailable if there is none, or it cannot be used
   */
  public CudaDevice require(String name) {
    for (CudaDevice device : devices) {
      if (!device.name().equals(name)) continue;
      if (device.lack() == null) return device;
      throw new DeviceUnavailable(
          "%s (%s) cannot be used: %s".formatted(name, device.product(), device.lack()));
    }
    if (!name.matches("cuda:\\d{1,4}")) {
      throw new DeviceUnavailable(
          "%s is not a device; devices are called cpu, cuda:0, cuda:1 and so on".formatted(name));
    }
    if (lack != null) {
      throw new DeviceUnavailable(
          "this machine has no device %s: %s, or use cpu".formatted(name, lack));
    }
    throw new DeviceUnavailable(
        "this machine has no device %s; choose one of %s".formatted(name, names()));
  }

  private String names() {
    return Stream.concat(Stream.of("cpu"), devices.stream().map(CudaDevice::name))
        .collect(Collectors.joining(", "));
  }

  private static final CudaLack NO_DRIVER =
      new CudaLack(
          "there is no NVIDIA driver",
          "install the driver of the GPU; in a container give it one (docker run --gpus all,"
              + " Kubernetes: nvidia.com/gpu)");

  private static CudaLack absent(boolean driverOpens) {
    return driverOpens
        ? new CudaLack(
            "there is an NVIDIA driver, but nvidia-smi is missing",
            "put nvidia-smi on the PATH; in a container set"
                + " NVIDIA_DRIVER_CAPABILITIES=compute,utility")
        : NO_DRIVER;
  }

  private static CudaLack reported(String text) {
    String cure = "run nvidia-smi and correct what it reports";
    if (text.contains("version mismatch")) {
      cure = "restart the machine: the driver was upgraded while it was loaded";
    } else if (text.contains("communicate with the NVIDIA driver")) {
      cure = "load the driver (modprobe nvidia), or install it again for this kernel";
    } else if (text.contains("No devices were found")) {
      cure = "check that the GPU is there (lspci), or give the container one";
    } else if (text.contains("not a valid field")) {
      cure = "install a driver that is newer";
    } else if (text.contains("Failed to initialize NVML")) {
      cure = "run nvidia-smi on the host; if it works there, start the container again";
    }
    return new CudaLack("nvidia-smi reports: " + text, cure);
  }

  /**
   * Creates the device file through which CUDA reaches memory, once after a machine has started.
   * CUDA itself would start the same program of the driver, which gains privileges for it; a child
   * of the trainer gains none.
   *
   * @param program {@code nvidia-modprobe}
   * @param file that it creates
   */
  record NvidiaModprobe(Path program, Path file) {
    private static final long PATIENCE_SECONDS = 60;

    static NvidiaModprobe here() {
      return new NvidiaModprobe(Path.of("/usr/bin/nvidia-modprobe"), Path.of("/dev/nvidia-uvm"));
    }

    /** Runs the program. If it fails, the trainer later reports what is missing. */
    void run() {
      if (Files.exists(file) || !Files.isExecutable(program)) return;
      try {
        Process child =
            new ProcessBuilder(List.of(program.toString(), "-u", "-c", "0"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) child.destroyForcibly();
      } catch (IOException none) {
        return;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Thrown when this machine lacks a device or cannot use it. The message is one line with the
   * reason and the remedy. No other device is used in its place.
   */
  public static final class DeviceUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1;

    public DeviceUnavailable(String whatAndCure) {
      super(whatAndCure);
    }
  }
}
