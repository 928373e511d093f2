package dev.graft.kernels;

import ai.djl.Device;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * The kernel text: free TorchScript functions, one file per operation, under {@code
 * dev/graft/kernels} of the class path. {@code ops/linear.torchscript} is called as {@code
 * __torch__.ops.linear.<function>}.
 */
public final class Kernels {
  private static final String ROOT = "/dev/graft/kernels/";

  /**
   * All files. A jar cannot be listed portably, so a test compares this list with the directory.
   */
  static final List<String> FILES =
      List.of(
          "adapters/dora",
          "adapters/low_rank",
          "adapters/prompt_encoder",
          "adapters/rank_allocation",
          "linalg",
          "losses/labels",
          "losses/preference",
          "ops/activation",
          "ops/attention",
          "ops/dtype",
          "ops/embedding",
          "ops/flash",
          "ops/flash_twin",
          "ops/layer_norm",
          "ops/linear",
          "ops/multiply",
          "ops/noise",
          "ops/onednn",
          "ops/onednn_twin",
          "ops/pick",
          "ops/prepend",
          "ops/product",
          "ops/rms_norm",
          "ops/rope",
          "ops/slice",
          "ops/token_logp",
          "optimiser",
          "pca",
          "quantised",
          "upload",
          "weight");

  private static final String MODULE =
      """
      class Model(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
      """;

  private static final String ONE_DNN = "ops/onednn";

  private static final String PROBE =
      """
        def product(self: __torch__.Model,
          x: Tensor) -> Tensor:
          return __torch__.ops.onednn.turned(x, x, None)
      """;

  /** Whether this libtorch is built with oneDNN; null before the first check. */
  private static volatile @Nullable Boolean oneDnn;

  private Kernels() {}

  /** Compiles the methods that belong to no program: {@code model.torchscript}. */
  public static TorchScriptModule load(Device device) {
    return load(text("model"), device);
  }

  /**
   * Compiles a program together with the kernels that it calls.
   *
   * @param methods text of the module's methods, indented by two spaces
   */
  public static TorchScriptModule load(String methods, Device device) {
    Boolean known = oneDnn;
    if (known == null) oneDnn = known = hasOneDnn(device);
    return load(methods, device, known);
  }

  static TorchScriptModule load(String methods, Device device, boolean byOneDnn) {
    Map<String, String> libraries = new LinkedHashMap<>(Texts.OF_FILES);
    if (!byOneDnn) libraries.put(ONE_DNN, text(ONE_DNN + "_twin"));
    return TorchScriptModule.load(write("Model", MODULE + methods, libraries), device);
  }

  private static boolean hasOneDnn(Device device) {
    Map<String, String> library = Map.of(ONE_DNN, text(ONE_DNN));
    return TorchScriptModule.loads(write("Model", MODULE + PROBE, library), device);
  }

  /** Read at the first load. */
  private static final class Texts {
    static final Map<String, String> OF_FILES = new LinkedHashMap<>();

    static {
      for (String file : FILES) OF_FILES.put(file, text(file));
    }
  }

  static String text(String file) {
    try (InputStream in = Kernels.class.getResourceAsStream(ROOT + file + ".torchscript")) {
      if (in == null) throw new IllegalStateException("kernel " + file + " is missing");
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The newest format number of libtorch 2.7; no upgraders run. */
  private static final String VERSION = "10\n";

  /** Pickle protocol 2 of an empty tuple. */
  private static final byte[] NO_CONSTANTS = {(byte) 0x80, 2, ')', '.'};

  /** A zip needs a time, its first representable year is 1980. */
  private static final long EPOCH = 315_619_200_000L;

  /**
   * @param module source of the class {@code Module} named by {@code className}, qualified {@code
   *     __torch__}
   * @param libraries free functions; key {@code ops/linear} is called as {@code
   *     __torch__.ops.linear.<name>}
   */
  static byte[] write(String className, String module, Map<String, String> libraries) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setLevel(Deflater.NO_COMPRESSION); // libtorch unpacks it at once
      put(zip, "version", VERSION.getBytes(StandardCharsets.US_ASCII));
      put(zip, "data.pkl", pickledModule(className));
      put(zip, "constants.pkl", NO_CONSTANTS);
      put(zip, "code/__torch__.py", module.getBytes(StandardCharsets.UTF_8));
      for (Map.Entry<String, String> library : libraries.entrySet()) {
        String entry = "code/__torch__/" + library.getKey() + ".py";
        put(zip, entry, library.getValue().getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** An instance of {@code __torch__.<className>} with the state {@code {"training": True}}. */
  private static byte[] pickledModule(String className) {
    ByteArrayOutputStream pickle = new ByteArrayOutputStream();
    pickle.writeBytes(new byte[] {(byte) 0x80, 2}); // PROTO 2
    pickle.writeBytes(("c__torch__\n" + className + "\n").getBytes(StandardCharsets.US_ASCII));
    pickle.writeBytes(new byte[] {')', (byte) 0x81, '}', '('}); // () NEWOBJ {} MARK
    byte[] attribute = "training".getBytes(StandardCharsets.US_ASCII);
    pickle.writeBytes(new byte[] {'X', (byte) attribute.length, 0, 0, 0}); // BINUNICODE
    pickle.writeBytes(attribute);
    pickle.writeBytes(new byte[] {(byte) 0x88, 'u', 'b', '.'}); // True SETITEMS BUILD STOP
    return pickle.toByteArray();
  }

  private static void put(ZipOutputStream zip, String name, byte[] data) throws IOException {
    ZipEntry entry = new ZipEntry("graft/" + name);
    entry.setTime(EPOCH);
    zip.putNextEntry(entry);
    zip.write(data);
    zip.closeEntry();
  }
}
