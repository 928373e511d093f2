package dev.graft.catalog;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** An archive of a model's directory: tar, tar.gz or zip. */
final class ModelArchive {
  private static final String CONFIG = "config.json";
  private static final int TAR_MAGIC = 257;
  private static final int HEAD = 512;

  private ModelArchive() {}

  /** Whether it is no archive but a GGUF file, which is a model by itself. */
  public static boolean isGguf(Path file) throws IOException {
    return head(file).startsWith("GGUF");
  }

  /**
   * @param into an empty directory
   * @return where the model's config.json is: that directory, or the only one in it that has one
   * @throws ArchiveRefused if it is damaged, or holds what no model needs
   * @throws IOException if the disk fails
   */
  public static Path unpack(Path archive, Path into) throws IOException {
    String head = head(archive);
    Unpacking unpacking = Unpacking.into(into, Files.size(archive));
    try (InputStream in = new BufferedInputStream(Files.newInputStream(archive))) {
      if (head.startsWith("PK\3\4")) zip(in, unpacking);
      else if (head.startsWith("\u001f\u008b")) tar(new GZIPInputStream(in), unpacking);
      else if (head.startsWith("ustar", TAR_MAGIC)) tar(in, unpacking);
      else throw new ArchiveRefused("it is neither a GGUF file nor a tar, tar.gz or zip archive");
    } catch (UncheckedIOException disk) {
      throw disk.getCause();
    } catch (IOException | IllegalArgumentException damaged) {
      throw new ArchiveRefused("it is damaged or cut off: " + damaged.getMessage());
    }
    return model(into);
  }

  private static String head(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(HEAD), StandardCharsets.ISO_8859_1);
    }
  }

  private static void tar(InputStream in, Unpacking unpacking) throws IOException {
    MeteredInput metered = new MeteredInput(in);
    try (var tar = new TarArchiveInputStream(metered, StandardCharsets.UTF_8.name())) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (entry.isDirectory()) {
          unpacking.directory(entry.getName());
          continue;
        }
        byte kind = entry.getLinkFlag();
        boolean plain = kind == TarConstants.LF_NORMAL || kind == TarConstants.LF_OLDNORM;
        if (!plain || entry.isSparse()) {
          throw ArchiveRefused.of(entry.getName(), "is no ordinary file, such as a link");
        }
        metered.begins(entry.getSize());
        unpacking.file(entry.getName(), entry.getSize(), tar);
        metered.begins(0);
      }
    }
  }

  /** By its local headers alone; what a link is elsewhere is a file with its text here. */
  private static void zip(InputStream in, Unpacking unpacking) throws IOException {
    try (ZipInputStream zip = new ZipInputStream(in, StandardCharsets.UTF_8)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (!entry.isDirectory()) {
          unpacking.file(entry.getName(), entry.getSize(), zip);
          continue;
        }
        unpacking.directory(entry.getName());
        if (zip.read() >= 0)
          throw ArchiveRefused.of(entry.getName(), "is a directory with content");
      }
    }
  }

  private static Path model(Path directory) throws IOException {
    if (Files.isRegularFile(directory.resolve(CONFIG))) return directory;
    List<Path> found;
    try (Stream<Path> all = Files.list(directory)) {
      found = all.filter(each -> Files.isRegularFile(each.resolve(CONFIG))).toList();
    }
    if (found.size() == 1) return found.getFirst();
    throw new ArchiveRefused(
        "it has no config.json, at its top or in the only directory of it that is a model");
  }
}
