package dev.graft.kernels;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * A TorchScript archive ({@code .pt}) made from text: one module without parameters, and free
 * functions. The format is PyTorch's own (a zip with sources and a pickle of the module object);
 * entry order, compression and alignment do not matter to its reader.
 */
final class TorchScriptArchive {
  /** The newest format number of libtorch 2.7; no upgraders run. */
  private static final String VERSION = "10\n";

  /** Pickle protocol 2 of an empty tuple. */
  private static final byte[] NO_CONSTANTS = {(byte) 0x80, 2, ')', '.'};

  /** A zip needs a time, its first representable year is 1980. */
  private static final long EPOCH = 315_619_200_000L;

  private TorchScriptArchive() {}

  /**
   * @param module source of the class {@code Module} named by {@code className}, qualified {@code
   *     __torch__}
   * @param libraries free functions; key {@code ops/linear} is called as {@code
   *     __torch__.ops.linear.<name>}
   */
  static byte[] write(String className, String module, Map<String, String> libraries) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
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
