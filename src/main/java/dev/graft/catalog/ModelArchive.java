package dev.graft.catalog;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
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

  /**
   * Where the files of an archive go: names that stay in the directory, bytes that it has room for.
   */
  private static final class Unpacking {
    private static final int MOST_FILES = 10_000;
    private static final int MOST_BYTES = 255;
    private static final int BLOCK = 1 << 16;

    /** Weights hardly shrink; small archives may hold text that does. */
    private static final long MOST_GROWTH = 20;

    private static final long ALWAYS = 64L << 20;

    /** Of the disk, for others. */
    private static final long KEPT = 1L << 30;

    private static final Pattern PLAIN =
        Pattern.compile("[^/\\\\:\\p{Cntrl}]{1,255}(/[^/\\\\:\\p{Cntrl}]{1,255}){0,7}");
    private static final Pattern CLIMBING = Pattern.compile("(.*/)?\\.\\.?(/.*)?");

    private final Path directory;
    private final Set<String> names = new HashSet<>();
    private long room;

    private Unpacking(Path directory, long room) {
      this.directory = directory;
      this.room = room;
    }

    /**
     * @param directory an empty one
     * @param packed bytes of the archive
     */
    static Unpacking into(Path directory, long packed) throws IOException {
      long free = Files.getFileStore(directory).getUsableSpace() - KEPT;
      return new Unpacking(directory, Math.min(free, Math.max(ALWAYS, MOST_GROWTH * packed)));
    }

    /** A directory is made with the first file in it. */
    void directory(String name) {
      path(name.equals("./") ? "." : name.replaceFirst("/$", ""));
    }

    /**
     * @param size that the archive says it has; -1 = it does not say
     * @param content ends with the file
     * @throws UncheckedIOException if the disk fails
     */
    void file(String name, long size, InputStream content) throws IOException {
      Path file = path(name);
      if (names.size() >= MOST_FILES) throw new ArchiveRefused("it has too many files");
      if (!names.add(file.toString().toLowerCase(Locale.ROOT))) {
        throw ArchiveRefused.of(name, "is in it twice");
      }
      if (size > room) throw tooMuch(name);
      try (OutputStream out = created(name, file)) {
        long copied = copy(name, content, out);
        if (size >= 0 && copied != size)
          throw ArchiveRefused.of(name, "has another length than said");
      }
    }

    private OutputStream created(String name, Path file) {
      try {
        Files.createDirectories(file.getParent());
        return Files.newOutputStream(file, StandardOpenOption.CREATE_NEW);
      } catch (FileAlreadyExistsException twice) {
        throw ArchiveRefused.of(name, "is a file and a directory");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private long copy(String name, InputStream content, OutputStream out) throws IOException {
      byte[] block = new byte[BLOCK];
      long copied = 0;
      for (int read = content.read(block); read >= 0; read = content.read(block)) {
        room -= read;
        if (room < 0) throw tooMuch(name);
        try {
          out.write(block, 0, read);
        } catch (IOException full) {
          throw new UncheckedIOException(full);
        }
        copied += read;
      }
      return copied;
    }

    private Path path(String name) {
      String plain = name.startsWith("./") ? name.substring(2) : name;
      if (plain.equals(".")) return directory;
      if (!PLAIN.matcher(plain).matches() || CLIMBING.matcher(plain).matches() || isLong(plain)) {
        throw ArchiveRefused.of(name, "is no plain name in a directory");
      }
      try {
        return directory.resolve(plain);
      } catch (InvalidPathException unsayable) {
        throw ArchiveRefused.of(name, "is a name that this machine cannot write");
      }
    }

    /** For a file system, which counts bytes. */
    private static boolean isLong(String plain) {
      return Arrays.stream(plain.split("/"))
          .anyMatch(each -> each.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES);
    }

    private static ArchiveRefused tooMuch(String name) {
      return ArchiveRefused.of(
          name, "would take more than an archive of this size holds, or than the disk has free");
    }
  }

  /**
   * An archive as it is unpacked: so many bytes may be read before the next of its files begins.
   */
  private static final class MeteredInput extends FilterInputStream {
    /** Headers, long names and padding: readers hold them in memory. */
    static final long BETWEEN = 1 << 20;

    private long left = BETWEEN;

    MeteredInput(InputStream in) {
      super(in);
    }

    /**
     * @param bytes of the file that comes
     */
    void begins(long bytes) {
      left = bytes + BETWEEN;
    }

    @Override
    public int read() throws IOException {
      int next = in.read();
      if (next >= 0) take(1);
      return next;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      int read = in.read(into, offset, length);
      if (read > 0) take(read);
      return read;
    }

    /** By reading: what is skipped counts as well. */
    @Override
    public long skip(long bytes) throws IOException {
      byte[] rest = new byte[(int) Math.clamp(bytes, 0, 1 << 13)];
      return Math.max(0, read(rest, 0, rest.length));
    }

    private void take(long bytes) {
      left -= bytes;
      if (left < 0) {
        throw new ArchiveRefused("there is more than a megabyte between two of its files");
      }
    }
  }

  /** An archive that is not unpacked; the message says why and names no path of this machine. */
  static final class ArchiveRefused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final int MOST_SHOWN = 80;

    ArchiveRefused(String message) {
      super(message);
    }

    /**
     * @param name in the archive, whatever it is
     */
    static ArchiveRefused of(String name, String why) {
      String shown = name.substring(0, Math.min(name.length(), MOST_SHOWN));
      return new ArchiveRefused("'%s' %s".formatted(shown.replaceAll("\\p{Cntrl}", "?"), why));
    }
  }
}
