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

  /** Returns whether the file is a GGUF file rather than an archive. */
  static boolean isGguf(Path file) throws IOException {
    return head(file).startsWith("GGUF");
  }

  /**
   * Unpacks an archive.
   *
   * @param into an empty directory
   * @return the directory with config.json: {@code into} or the only directory in it that has one
   * @throws ArchiveRefused if it is damaged, or contains anything but plain files and directories
   * @throws IOException if the disk fails
   */
  static Path unpack(Path archive, Path into) throws IOException {
    String head = head(archive);
    Unpacking unpacking = Unpacking.into(into, Files.size(archive));
    try (InputStream in = new BufferedInputStream(Files.newInputStream(archive))) {
      if (head.startsWith("PK\3\4")) zip(in, unpacking);
      else if (head.startsWith("\u001f\u008b")) tar(new GZIPInputStream(in), unpacking);
      else if (head.startsWith("ustar", TAR_MAGIC)) tar(in, unpacking);
      else
        throw new ArchiveRefused(
            "the file is neither a GGUF file nor a tar, tar.gz or zip archive");
    } catch (UncheckedIOException disk) {
      throw disk.getCause();
    } catch (IOException | IllegalArgumentException damaged) {
      throw new ArchiveRefused("the archive is damaged or truncated: " + damaged.getMessage());
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
          throw ArchiveRefused.of(entry.getName(), "is not a regular file");
        }
        metered.begins(entry.getSize());
        unpacking.file(entry.getName(), entry.getSize(), tar);
        metered.begins(0);
      }
    }
  }

  /** Reads the local headers only; a symbolic link becomes a file that contains its target. */
  private static void zip(InputStream in, Unpacking unpacking) throws IOException {
    try (ZipInputStream zip = new ZipInputStream(in, StandardCharsets.UTF_8)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (!entry.isDirectory()) {
          unpacking.file(entry.getName(), entry.getSize(), zip);
          continue;
        }
        unpacking.directory(entry.getName());
        if (zip.read() >= 0)
          throw ArchiveRefused.of(entry.getName(), "is a directory entry with content");
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
    throw new ArchiveRefused("config.json is missing, at the top level and one directory below");
  }

  /** Writes the files of an archive, and refuses names outside the directory and too many bytes. */
  private static final class Unpacking {
    private static final int MOST_FILES = 10_000;
    private static final int MOST_BYTES = 255;
    private static final int BLOCK = 1 << 16;

    /** Weights compress little; small archives may contain text, which compresses well. */
    private static final long MOST_GROWTH = 20;

    private static final long ALWAYS = 64L << 20;

    /** Disk space that an archive must leave free. */
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

    /** Checks the name. Directories are created with their first file. */
    void directory(String name) {
      path(name.equals("./") ? "." : name.replaceFirst("/$", ""));
    }

    /**
     * Writes a file.
     *
     * @param size as the archive declares it; -1 = not declared
     * @param content ends with the file
     * @throws UncheckedIOException if the disk fails
     */
    void file(String name, long size, InputStream content) throws IOException {
      Path file = path(name);
      if (names.size() >= MOST_FILES)
        throw new ArchiveRefused("the archive has more than " + MOST_FILES + " files");
      if (!names.add(file.toString().toLowerCase(Locale.ROOT))) {
        throw ArchiveRefused.of(name, "is in the archive twice");
      }
      if (size > room) throw tooMuch(name);
      try (OutputStream out = created(name, file)) {
        long copied = copy(name, content, out);
        if (size >= 0 && copied != size)
          throw ArchiveRefused.of(name, "does not have the declared size");
      }
    }

    private OutputStream created(String name, Path file) {
      try {
        Files.createDirectories(file.getParent());
        return Files.newOutputStream(file, StandardOpenOption.CREATE_NEW);
      } catch (FileAlreadyExistsException twice) {
        throw ArchiveRefused.of(name, "is both a file and a directory");
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
        throw ArchiveRefused.of(name, "is not a plain relative path");
      }
      try {
        return directory.resolve(plain);
      } catch (InvalidPathException invalid) {
        throw ArchiveRefused.of(name, "is not a valid file name on this machine");
      }
    }

    /** File systems limit the bytes of a name, not its characters. */
    private static boolean isLong(String plain) {
      return Arrays.stream(plain.split("/"))
          .anyMatch(each -> each.getBytes(StandardCharsets.UTF_8).length > MOST_BYTES);
    }

    private static ArchiveRefused tooMuch(String name) {
      return ArchiveRefused.of(
          name, "would exceed the limit for an archive of this size or the free disk space");
    }
  }

  /** Limits the bytes that are read between two files of an archive. */
  private static final class MeteredInput extends FilterInputStream {
    /** For headers, long names and padding, which readers hold in memory. */
    static final long BETWEEN = 1 << 20;

    private long left = BETWEEN;

    MeteredInput(InputStream in) {
      super(in);
    }

    /**
     * @param bytes size of the next file
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

    /** Skips by reading, so that skipped bytes count. */
    @Override
    public long skip(long bytes) throws IOException {
      byte[] rest = new byte[(int) Math.clamp(bytes, 0, 1 << 13)];
      return Math.max(0, read(rest, 0, rest.length));
    }

    private void take(long bytes) {
      left -= bytes;
      if (left < 0) {
        throw new ArchiveRefused("the archive has more than 1 MiB between two files");
      }
    }
  }

  /** An archive is refused. The message gives the reason and no path of the server. */
  static final class ArchiveRefused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final int MOST_SHOWN = 80;

    ArchiveRefused(String message) {
      super(message);
    }

    /**
     * @param name of the entry, which may be hostile
     */
    static ArchiveRefused of(String name, String why) {
      String shown = name.substring(0, Math.min(name.length(), MOST_SHOWN));
      return new ArchiveRefused("'%s' %s".formatted(shown.replaceAll("\\p{Cntrl}", "?"), why));
    }
  }
}
