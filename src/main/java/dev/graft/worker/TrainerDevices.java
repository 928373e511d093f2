package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.DeviceUse;
import dev.graft.kernels.CudaDevice;
import dev.graft.kernels.CudaDevice.CudaLack;
import dev.graft.kernels.CudaMachine;
import dev.graft.kernels.CudaMachine.DeviceUnavailable;
import dev.graft.kernels.CudaWatch;
import dev.graft.kernels.CudaWatch.CudaUse;
import dev.graft.training.ProcessorMemory;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which devices a worker runs jobs on: those that its settings name, else every GPU that can be
 * used, else the processor. One that is named and cannot be used is refused.
 */
record TrainerDevices(List<TrainerDevice> all) {
  private static final Logger log = LoggerFactory.getLogger(TrainerDevices.class);
  private static final String CPU = "cpu";
  private static final CudaMachine NOT_ASKED = new CudaMachine(List.of(), null);

  TrainerDevices {
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
}
