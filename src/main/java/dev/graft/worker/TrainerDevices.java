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
 * Which devices a worker runs jobs on: those that its settings name, else every GPU that can be
 * used, else the processor. One that is named and cannot be used is refused.
 */
public record TrainerDevices(List<TrainerDevice> all) {
  private static final Logger log = LoggerFactory.getLogger(TrainerDevices.class);
  private static final String CPU = "cpu";
  private static final CudaMachine NOT_ASKED = new CudaMachine(List.of(), null);

  public TrainerDevices {
    all = List.copyOf(all);
  }

  /**
   * @throws DeviceUnavailable if one that is named cannot be used
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
   * @param named none = chosen here
   * @param memory that each may give a run; null = what is found
   * @param total bytes of the machine's main memory
   * @param machine asked only where a GPU may be meant
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
            "graft.worker.devices names %s twice, and a GPU trains one job at a time; name it once"
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
   * A GPU by its UUID: numbers mean another order to CUDA than to {@code nvidia-smi}, and no part
   * of a GPU.
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
   * @param device as the server hears of it
   * @param trainers those that see this device, and no other
   * @param meter what it is doing
   */
  record TrainerDevice(Device device, Trainer.Trainers trainers, DeviceMeter meter) {
    /** The same, of a worker that is set up so. */
    TrainerDevice of(@Nullable String workerClass, boolean dedicated) {
      return new TrainerDevice(device.of(workerClass, dedicated), trainers, meter);
    }
  }

  /**
   * What a trainer takes of the main memory (its resident pages) and of the processors, as Linux
   * tells it of the process. Elsewhere memory is not known.
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

    /** Since it was last asked of the same trainer; null the first time. */
    private @Nullable Double utilization(ProcessHandle trainer) {
      Optional<Duration> told = trainer.info().totalCpuDuration();
      if (told.isEmpty()) return null;
      Duration before = time;
      long then = at;
      boolean first = !trainer.equals(measured);
      measured = trainer;
      time = told.get();
      at = nanoTime.getAsLong();
      if (first || at <= then) return null;
      double share = (double) time.minus(before).toNanos() / (at - then) / cores;
      return Math.clamp(100 * share, 0, 100);
    }
  }

  /** What a device of this worker is doing. */
  @FunctionalInterface
  interface DeviceMeter {
    /** Of a device that is not this machine's. */
    DeviceMeter NONE = trainer -> null;

    /**
     * As it is, or was some seconds ago. Never waits: the heartbeat asks.
     *
     * @param trainer process that trains on the device; null = none
     * @return null = not known
     */
    @Nullable DeviceUse now(@Nullable ProcessHandle trainer);
  }

  /**
   * What of a machine's memory the runs of a worker may take. The processors share what the machine
   * or its container has, less an eighth, at least 512 MB, for this program and the system around
   * it. A GPU gives what was free on it when the worker started, less a sixteenth, at least 1 GB.
   */
  public static final class MachineMemory {
    private static final Logger log = LoggerFactory.getLogger(MachineMemory.class);

    private MachineMemory() {}

    /**
     * @param total of the machine, or of the container where that is less
     * @return what the jobs on its processors may take together, in bytes like the total
     */
    public static long forJobs(long total) {
      return ProcessorMemory.forRuns(total);
    }

    /**
     * @param names of the devices
     * @param setting of each; null = as it is found
     * @param total of the machine, or of the container where that is less
     * @throws dev.graft.kernels.DeviceUnavailable if one cannot be used
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
