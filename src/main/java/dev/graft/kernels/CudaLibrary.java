package dev.graft.kernels;

import dev.graft.kernels.CudaDevice.ComputeCapability;
import dev.graft.kernels.CudaDevice.CudaLack;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA build of libtorch: a directory laid out as Python's site-packages, with {@code
 * torch/lib} and {@code nvidia/NAME/lib}, which {@code graft libtorch fetch} makes. The libraries
 * find each other by their relative places in it.
 *
 * @param version such as {@code 2.7.1+cu126}
 */
public record CudaLibrary(Path directory, String version) {
  /** The version of libtorch that DJL's JNI is compiled against. */
  public static final String NEEDED = "2.7.1";

  public static final String DIRECTORY_VARIABLE = "GRAFT_LIBTORCH_CUDA_DIRECTORY";

  /** DJL's own variable. It takes precedence over everything else. */
  public static final String DJL_VARIABLE = "PYTORCH_LIBRARY_PATH";

  private static final Pattern VERSION =
      Pattern.compile("^__version__ = '([0-9A-Za-z.+]{1,40})'$", Pattern.MULTILINE);
  private static final int LONGEST_VERSION_FILE = 4096;

  /** Compute capabilities of the builds, by the suffix of their version; PyPI's is cu126. */
  private static final Map<String, List<ComputeCapability>> CODE =
      Map.of(
          "+cu126", code("5.0 6.0 7.0 7.5 8.0 8.6 9.0"),
          "+cu128", code("7.5 8.0 8.6 9.0 10.0 12.0"));

  private static List<ComputeCapability> code(String capabilities) {
    return Stream.of(capabilities.split(" "))
        .map(each -> ComputeCapability.of(each).orElseThrow())
        .toList();
  }

  /**
   * Returns the directory of the build: that of the variable, or {@code ~/.graft/libtorch-cuda}.
   */
  public static Path directory(Map<String, String> environment) {
    String set = environment.get(DIRECTORY_VARIABLE);
    if (set != null && !set.isBlank()) return Path.of(set).toAbsolutePath();
    return Path.of(System.getProperty("user.home"), ".graft", "libtorch-cuda").toAbsolutePath();
  }

  /** Returns the build in a directory; null if there is none that can be read. */
  public static @Nullable CudaLibrary in(Path directory) {
    Path file = directory.resolve("torch/version.py");
    if (!Files.isRegularFile(directory.resolve("torch/lib/libtorch_cuda.so"))) return null;
    try (var in = Files.newInputStream(file)) {
      String text = new String(in.readNBytes(LONGEST_VERSION_FILE), StandardCharsets.UTF_8);
      Matcher found = VERSION.matcher(text);
      return found.find() ? new CudaLibrary(directory, found.group(1)) : null;
    } catch (IOException unreadable) {
      return null;
    }
  }

  /** Returns whether the driver's library opens; without it a CUDA build does not load at all. */
  public static boolean driverOpens() {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup("libcuda.so.1", arena);
      return true;
    } catch (IllegalArgumentException absent) {
      return false;
    }
  }

  public Path libraries() {
    return directory.resolve("torch/lib");
  }

  /** Returns the compute capabilities that it has code for; empty = not known. */
  public List<ComputeCapability> capabilities() {
    int flavour = version.indexOf('+');
    return flavour < 0 ? List.of() : CODE.getOrDefault(version.substring(flavour), List.of());
  }

  /** Returns why it does not load; null = it should load. */
  public @Nullable CudaLack lack() {
    if (version.equals(NEEDED) || version.startsWith(NEEDED + "+")) return null;
    return new CudaLack(
        "%s holds libtorch %s, and this Graft needs %s".formatted(directory, version, NEEDED),
        "install the right version: graft libtorch fetch");
  }

  /**
   * Returns why it does not compute on a device of that capability; null = it should, or is
   * unknown.
   */
  @Nullable CudaLack lack(@Nullable ComputeCapability capability) {
    if (capability == null || capabilities().isEmpty()) return null;
    if (capabilities().stream().anyMatch(capability::runs)) return null;
    String has =
        String.join(", ", capabilities().stream().map(ComputeCapability::toString).toList());
    boolean tooNew = capability.major() > capabilities().getLast().major();
    return new CudaLack(
        "libtorch %s has no code for compute capability %s, only for %s"
            .formatted(version, capability, has),
        tooNew
            ? "use a build with CUDA 12.8: docs/gpu.md, \"Blackwell\""
            : "use a GPU that the build has code for, or cpu");
  }
}
