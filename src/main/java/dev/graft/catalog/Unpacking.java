package dev.graft.catalog;

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
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where the files of an archive go: names that stay in the directory, bytes that it has room for.
 */
final class Unpacking {
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
