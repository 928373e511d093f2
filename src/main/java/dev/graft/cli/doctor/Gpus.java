package dev.graft.cli.doctor;

import dev.graft.kernels.CudaDevice;
import dev.graft.kernels.CudaDevice.ComputeCapability;
import dev.graft.kernels.CudaDevice.CudaLack;
import dev.graft.kernels.CudaLibrary;
import dev.graft.kernels.CudaMachine;
import dev.graft.platform.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The GPUs, the driver, and the CUDA build of libtorch.
 *
 * @param library null = there is none
 * @param wanted devices that the settings name; none = what can be used
 */
record Gpus(CudaMachine machine, @Nullable CudaLibrary library, List<String> wanted)
    implements Check {
  public Gpus {
    wanted = List.copyOf(wanted);
  }

  @Override
  public String name() {
    return "gpu";
  }

  @Override
  public List<CheckResult> findings() {
    List<CheckResult> findings = new ArrayList<>();
    for (CudaDevice device : machine.devices()) findings.add(device(device));
    CudaLack lack = machine.lack();
    if (lack != null) findings.add(driver(lack));
    if (library != null) findings.add(library(library));
    for (String each : wanted) {
      boolean known = machine.devices().stream().anyMatch(d -> d.name().equals(each));
      if (!known && !each.equals("cpu")) findings.add(absent(each));
    }
    return findings;
  }

  private CheckResult device(CudaDevice device) {
    String what = description(device);
    CudaLack lack = device.lack();
    if (lack == null) return CheckResult.ok(name(), what);
    return lacking(what + "; " + lack.what(), lack.cure(), wanted.contains(device.name()));
  }

  private CheckResult driver(CudaLack lack) {
    return machine.isWithoutDriver()
        ? CheckResult.ok(name(), lack.what() + ", training uses the processor")
        : lacking(lack.what(), lack.cure(), false);
  }

  private CheckResult absent(String device) {
    CudaLack lack = machine.lack();
    String cure = lack == null ? "name one that there is" : lack.cure();
    return lacking(
        "graft.worker.devices names %s, which there is not".formatted(device),
        cure + ", or set graft.worker.devices=cpu",
        true);
  }

  private CheckResult lacking(String what, String cure, boolean needed) {
    return needed
        ? CheckResult.missing(name(), what, cure)
        : CheckResult.warning(name(), what, cure);
  }

  private static String description(CudaDevice device) {
    String part = device.mig() == null ? "" : " MIG " + device.mig();
    Object capability = device.capability() == null ? "not known" : device.capability();
    return "%s %s%s, %s, compute capability %s, driver %s"
        .formatted(
            device.name(), device.product(), part, memory(device), capability, device.driver());
  }

  private static String memory(CudaDevice device) {
    Long total = device.total();
    Long free = device.free();
    if (total == null) return "memory not known";
    String all = Bytes.gigabytes(total);
    return free == null ? all : "%s (%s free)".formatted(all, Bytes.gigabytes(free));
  }

  private static CheckResult library(CudaLibrary library) {
    CudaLack lack = library.lack();
    if (lack != null) return CheckResult.warning("libtorch-cuda", lack.what(), lack.cure());
    String code =
        library.capabilities().stream()
            .map(ComputeCapability::toString)
            .collect(Collectors.joining(", "));
    return CheckResult.ok(
        "libtorch-cuda",
        "%s in %s, with code for compute capability %s"
            .formatted(library.version(), library.directory(), code.isEmpty() ? "?" : code));
  }
}
