package dev.graft.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A GPU, or a part of one (MIG).
 *
 * @param name {@code cuda:0} and so on
 * @param uuid as {@code CUDA_VISIBLE_DEVICES} takes it
 * @param product such as {@code NVIDIA A100-SXM4-80GB}
 * @param driver version of the NVIDIA driver
 * @param total bytes of its memory; null = not known
 * @param free bytes of it that were free; null = not known
 * @param capability null = not known
 * @param mig profile of the part, such as {@code 3g.20gb}; null = the whole GPU
 * @param lack why it cannot be used; null = it is usable
 */
public record CudaDevice(
    String name,
    String uuid,
    String product,
    String driver,
    @Nullable Long total,
    @Nullable Long free,
    @Nullable ComputeCapability capability,
    @Nullable String mig,
    @Nullable CudaLack lack) {
  /** Name of the only GPU that a process sees. */
  public static final String ONLY = "cuda:0";

  private static final long LEAST_KEPT = 1L << 30;
  private static final int SHARE_KEPT = 16;

  public boolean usable() {
    return lack == null;
  }

  /**
   * Returns the memory that a run may take: the free memory less a sixteenth, at least 1 GB, for
   * CUDA's own context and for fragmentation.
   *
   * @return bytes; null = not known
   */
  public @Nullable Long forRuns() {
    Long most = free == null ? total : free;
    if (most == null) return null;
    return Math.max(1, most - Math.max(LEAST_KEPT, most / SHARE_KEPT));
  }

  /**
   * Hides every other GPU from this process. Must be called before libtorch is loaded.
   *
   * @return the name of this GPU from then on
   */
  public String hideOthers() {
    setEnvironment(CudaMachine.VISIBLE, uuid, true);
    return ONLY;
  }

  CudaDevice named(String other) {
    return new CudaDevice(other, uuid, product, driver, total, free, capability, mig, lack);
  }

  CudaDevice lacking(CudaLack other) {
    return new CudaDevice(name, uuid, product, driver, total, free, capability, mig, other);
  }

  /** Compute capability as NVIDIA numbers it: 8.0 is an A100, 9.0 an H100. */
  public record ComputeCapability(int major, int minor) {
    private static final Pattern FORM = Pattern.compile("(\\d{1,3})\\.(\\d{1,2})");

    static Optional<ComputeCapability> of(String text) {
      Matcher found = FORM.matcher(text.strip());
      if (!found.matches()) return Optional.empty();
      return Optional.of(
          new ComputeCapability(
              Integer.parseInt(found.group(1)), Integer.parseInt(found.group(2))));
    }

    /**
     * Returns whether code for a capability runs here: it needs the same generation and at least
     * that version.
     */
    boolean runs(ComputeCapability code) {
      return major == code.major && minor >= code.minor;
    }

    @Override
    public String toString() {
      return major + "." + minor;
    }
  }

  /**
   * Why a GPU cannot be used.
   *
   * @param what problem
   * @param cure remedy, as an imperative
   */
  public record CudaLack(String what, String cure) {
    @Override
    public String toString() {
      return what + "; " + cure;
    }
  }

  /**
   * @param gpus in the order of the PCI bus, which numbers mean; each as itself, or as its parts
   * @param variable its value; null = not set
   */
  static List<CudaDevice> visible(List<List<CudaDevice>> gpus, @Nullable String variable) {
    List<CudaDevice> all = gpus.stream().flatMap(List::stream).toList();
    if (variable == null) return all;
    List<CudaDevice> visible = new ArrayList<>();
    for (String each : variable.split(",")) {
      CudaDevice found = find(gpus, all, each.strip());
      if (found == null || visible.contains(found)) break;
      visible.add(found);
    }
    return visible;
  }

  private static @Nullable CudaDevice find(
      List<List<CudaDevice>> gpus, List<CudaDevice> all, String name) {
    if (name.matches("\\d{1,4}")) {
      int index = Integer.parseInt(name);
      return index < gpus.size() ? gpus.get(index).getFirst() : null;
    }
    if (!name.startsWith("GPU-") && !name.startsWith("MIG-")) return null;
    List<CudaDevice> named = all.stream().filter(each -> each.uuid().startsWith(name)).toList();
    return named.size() == 1 ? named.getFirst() : null;
  }

  /**
   * Sets a variable in the environment that native libraries of this process see when they are
   * loaded later; Java has a copy of its own.
   */
  static void setEnvironment(String name, String value, boolean overwrite) {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle setenv =
          TorchContext.handle(
              Linker.nativeLinker().defaultLookup(),
              "setenv",
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_INT));
      Object status =
          TorchContext.invoke(
              setenv, arena.allocateFrom(name), arena.allocateFrom(value), overwrite ? 1 : 0);
      if (!Objects.equals(status, 0)) throw new IllegalStateException(name + " cannot be set");
    }
  }
}
