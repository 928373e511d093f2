package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Device.DeviceUse;
import dev.graft.kernels.CudaDevice;
import dev.graft.kernels.CudaDevice.ComputeCapability;
import dev.graft.kernels.CudaDevice.CudaLack;
import dev.graft.kernels.CudaMachine;
import dev.graft.kernels.CudaMachine.DeviceUnavailable;
import dev.graft.kernels.CudaWatch;
import dev.graft.kernels.CudaWatch.CudaUse;
import dev.graft.training.ProcessorMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The devices on which a worker runs jobs: those in its settings, else all usable GPUs, else the
 * CPU. A device in the settings that cannot be used is refused.
 */
public record TrainerDevices(List<TrainerDevice> all) {
  private static final Logger log = LoggerFactory.getLogger(TrainerDevices.class);
  private static final String CPU = "cpu";
  private static final CudaMachine NOT_ASKED = new CudaMachine(List.of(), null);

  public TrainerDevices {
    all = List.copyOf(all);
  }

  /**
   * @throws DeviceUnavailable if a device in the settings cannot be used
   */
  static TrainerDevices of(WorkerProperties settings, TrainerCommandLine commandLine) {
    Long memory = settings.deviceMemory() == null ? null : settings.deviceMemory().toBytes();
    TrainerDevices found =
        of(settings.devices(), memory, ProcessorMemory.total(), CudaMachine::here, commandLine);
    return new TrainerDevices(
        found.all().stream()
            .map(each -> each.of(settings.workerClass(), settings.dedicated()))
            .toList());
  }

  /**
   * @param named names of the settings; empty = choose
   * @param memory bytes that a run may take of each device; null = measure
   * @param total bytes of the machine's main memory
   * @param machine called only if a GPU may be meant
   * @param commandLine of a trainer on any device
   */
  static TrainerDevices of(
      List<String> named,
      @Nullable Long memory,
      long total,
      Supplier<CudaMachine> machine,
      TrainerCommandLine commandLine) {
    boolean gpus = !named.stream().allMatch(CPU::equals) || named.isEmpty();
    CudaMachine found = gpus ? machine.get() : NOT_ASKED;
    List<String> names = named.isEmpty() ? names(found) : named;
    Set<String> seen = new HashSet<>();
    for (String name : names) {
      if (!name.equals(CPU) && !seen.add(name)) {
        throw new DeviceUnavailable(
            "graft.worker.devices has %s twice, but a GPU trains one job at a time: remove one of them"
                .formatted(name));
      }
    }
    CudaWatch gpuUse = CudaWatch.here();
    return new TrainerDevices(
        MachineMemory.devices(names, memory, total, found).stream()
            .map(device -> device(device, found, total, gpuUse, commandLine))
            .toList());
  }

  private static List<String> names(CudaMachine machine) {
    List<String> usable = machine.usable().stream().map(CudaDevice::name).toList();
    machine.devices().forEach(each -> warn(each.name(), each.lack()));
    if (usable.isEmpty() && !machine.isWithoutDriver()) warn("cuda", machine.lack());
    return usable.isEmpty() ? List.of(CPU) : usable;
  }

  private static void warn(String device, @Nullable CudaLack lack) {
    if (lack == null) return;
    log.atWarn()
        .addKeyValue("device", device)
        .addKeyValue("cause", lack.what())
        .addKeyValue("cure", lack.cure())
        .log("gpu_unused");
  }

  /**
   * Selects a GPU by its UUID: CUDA and {@code nvidia-smi} number GPUs differently, and a part of a
   * GPU has no number.
   */
  private static TrainerDevice device(
      Device device,
      CudaMachine machine,
      long total,
      CudaWatch gpuUse,
      TrainerCommandLine commandLine) {
    if (device.name().equals(CPU)) {
      int cores = Runtime.getRuntime().availableProcessors();
      return new TrainerDevice(
          device, commandLine, new ProcessorMeter(total, cores, System::nanoTime));
    }
    String uuid = machine.require(device.name()).uuid();
    return new TrainerDevice(
        device,
        commandLine.with(Map.of(CudaMachine.VISIBLE, uuid)),
        trainer -> use(gpuUse.of(uuid)));
  }

  private static @Nullable DeviceUse use(@Nullable CudaUse gpu) {
    return gpu == null ? null : new DeviceUse(gpu.used(), gpu.total(), gpu.utilization());
  }

  /**
   * A device of this worker, on which one trainer runs at a time.
   *
   * @param device its description for the server
   * @param trainers starts trainers that see only this device
   * @param meter measures its use
   */
  record TrainerDevice(Device device, Trainer.Trainers trainers, DeviceMeter meter) {
    /** Returns this device of a worker with these settings. */
    TrainerDevice of(@Nullable String workerClass, boolean dedicated) {
      return new TrainerDevice(device.of(workerClass, dedicated), trainers, meter);
    }
  }

  /**
   * Measures the main memory (resident pages) and the processor time of a trainer, from Linux's
   * {@code /proc}. On other systems memory is not known.
   */
  static final class ProcessorMeter implements DeviceMeter {
    private static final Path PROCESSES = Path.of("/proc");

    private final long total;
    private final int cores;
    private final LongSupplier nanoTime;
    private @Nullable ProcessHandle measured;
    private Duration time = Duration.ZERO;
    private long at;

    /**
     * @param total bytes of main memory
     * @param nanoTime a clock as {@link System#nanoTime} is
     */
    ProcessorMeter(long total, int cores, LongSupplier nanoTime) {
      this.total = total;
      this.cores = cores;
      this.nanoTime = nanoTime;
    }

    @Override
    public synchronized DeviceUse now(@Nullable ProcessHandle trainer) {
      if (trainer == null || !trainer.isAlive()) return new DeviceUse(0L, total, 0.0);
      return new DeviceUse(resident(trainer.pid()), total, utilization(trainer));
    }

    private static @Nullable Long resident(long pid) {
      try {
        return Files.readAllLines(PROCESSES.resolve(pid + "/status")).stream()
            .filter(line -> line.startsWith("VmRSS:"))
            .map(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
            .findFirst()
            .orElse(null);
      } catch (IOException gone) {
        return null;
      }
    }

    /** Returns the utilization since the last call for the same trainer; null at the first call. */
    private @Nullable Double utilization(ProcessHandle trainer) {
      Optional<Duration> used = trainer.info().totalCpuDuration();
      if (used.isEmpty()) return null;
      Duration before = time;
      long then = at;
      boolean first = !trainer.equals(measured);
      measured = trainer;
      time = used.get();
      at = nanoTime.getAsLong();
      if (first || at <= then) return null;
      double share = (double) time.minus(before).toNanos() / (at - then) / cores;
      return Math.clamp(100 * share, 0, 100);
    }
  }

  /** Measures the use of a device of this worker. */
  @FunctionalInterface
  interface DeviceMeter {
    /** For a device that is not on this machine. */
    DeviceMeter NONE = trainer -> null;

    /**
     * Returns the use now or a few seconds ago; null = not known. Never waits, because heartbeats
     * call it.
     *
     * @param trainer process that trains on the device; null = none
     */
    @Nullable DeviceUse now(@Nullable ProcessHandle trainer);
  }

  /**
   * The memory that runs of a worker may take. CPU devices share the memory of the machine or its
   * container, less an eighth, at least 512 MB, for this program and the system. A GPU gives the
   * memory that was free when the worker started, less a sixteenth, at least 1 GB.
   */
  public static final class MachineMemory {
    private static final Logger log = LoggerFactory.getLogger(MachineMemory.class);

    private MachineMemory() {}

    /**
     * @param total bytes of the machine, or of the container if that is less
     * @return the bytes that all jobs on CPU devices may take together
     */
    public static long forJobs(long total) {
      return ProcessorMemory.forRuns(total);
    }

    /**
     * @param names of the devices
     * @param setting bytes of each; null = measure
     * @param total bytes of the machine, or of the container if that is less
     * @throws CudaMachine.DeviceUnavailable if a device cannot be used
     */
    static List<Device> devices(
        List<String> names, @Nullable Long setting, long total, CudaMachine machine) {
      long processors = names.stream().filter(MachineMemory::isProcessor).count();
      List<Device> devices = new ArrayList<>();
      for (String name : names) {
        CudaDevice gpu = isProcessor(name) ? null : machine.require(name);
        Long found = gpu == null ? Long.valueOf(forJobs(total) / processors) : gpu.forRuns();
        Long memory = setting == null ? found : setting;
        if (memory == null) warn(name);
        devices.add(Device.named(name, memory, capability(gpu)));
      }
      return devices;
    }

    private static @Nullable String capability(@Nullable CudaDevice gpu) {
      ComputeCapability known = gpu == null ? null : gpu.capability();
      return known == null ? null : known.toString();
    }

    private static boolean isProcessor(String device) {
      return device.equals("cpu");
    }

    private static void warn(String device) {
      log.atWarn()
          .addKeyValue("device", device)
          .addKeyValue("cure", "set graft.worker.device-memory")
          .log("device_memory_unknown");
    }
  }
}
