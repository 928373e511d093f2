package dev.graft.catalog;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Archives as tests need them: of a directory, or with whatever a test puts into one. */
public final class TestArchives {
  private TestArchives() {}

  /** What goes into an archive. */
  @FunctionalInterface
  interface Content<T> {
    void into(T archive) throws IOException;
  }

  static byte[] tar(Content<TarArchiveOutputStream> content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
      tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_STAR);
      content.into(tar);
    }
    return bytes.toByteArray();
  }

  static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    }
    return bytes.toByteArray();
  }

  static byte[] zip(Content<ZipOutputStream> content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      content.into(zip);
    }
    return bytes.toByteArray();
  }

  static void put(TarArchiveOutputStream tar, String name, byte[] content) throws IOException {
    put(tar, new TarArchiveEntry(name, true), content);
  }

  static void put(TarArchiveOutputStream tar, TarArchiveEntry entry, byte[] content)
      throws IOException {
    entry.setSize(content.length);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  static void put(ZipOutputStream zip, String name, byte[] content) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(content);
    zip.closeEntry();
  }

  /** The files of a directory, each under this and its name. */
  public static byte[] tarGz(Path directory, String prefix) throws IOException {
    return gzip(
        tar(
            tar -> {
              for (Path file : files(directory)) {
                put(tar, prefix + file.getFileName(), Files.readAllBytes(file));
              }
            }));
  }

  static byte[] zip(Path directory, String prefix) throws IOException {
    return zip(
        zip -> {
          for (Path file : files(directory)) {
            put(zip, prefix + file.getFileName(), Files.readAllBytes(file));
          }
        });
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      return all.sorted().toList();
    }
  }

  /** One that leads out of where it is unpacked. */
  public static byte[] climbing() throws IOException {
    return tar(tar -> put(tar, "../config.json", new byte[2]));
  }
}
