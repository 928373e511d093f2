package dev.graft.catalog;

import static dev.graft.catalog.TestArchives.gzip;
import static dev.graft.catalog.TestArchives.put;
import static dev.graft.catalog.TestArchives.tar;
import static dev.graft.catalog.TestArchives.zip;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Archives that were made to do harm, and those that were not. */
class HostileArchivesTests {
  private static final byte[] TEXT = "{}".getBytes(UTF_8);
  private static final String OUTSIDE = "is not a plain relative path";
  private static final String SPECIAL = "is not a regular file";

  @TempDir Path directory;

  private record Hostile(String what, String told, byte[] archive) {
    @Override
    public String toString() {
      return what;
    }
  }

  private static Hostile named(String name) throws IOException {
    return new Hostile("a name: " + name, OUTSIDE, tar(tar -> put(tar, name, TEXT)));
  }

  private static Hostile kind(String what, byte flag) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry("config.json", flag);
    entry.setLinkName("/etc/passwd");
    return new Hostile(what, SPECIAL, tar(tar -> put(tar, entry, new byte[0])));
  }

  private static Hostile two(String first, String second, String told) throws IOException {
    byte[] archive =
        tar(
            tar -> {
              put(tar, first, TEXT);
              put(tar, second, TEXT);
            });
    return new Hostile(first + " and " + second, told, archive);
  }

  private static Hostile header(String what, byte flag, String content) throws IOException {
    byte[] archive =
        gzip(
            tar(
                tar -> {
                  put(tar, new TarArchiveEntry("header", flag), content.getBytes(UTF_8));
                  put(tar, "config.json", TEXT);
                }));
    return new Hostile(what, "more than 1 MiB between", archive);
  }

  private static Hostile changed(String what, String told, int at, int value) throws IOException {
    byte[] archive = zip((ZipOutputStream zip) -> put(zip, "config.json", TEXT));
    archive[at] = (byte) value;
    return new Hostile(what, told, archive);
  }

  private static byte[] eightGigabytes() throws IOException {
    byte[] archive = tar(tar -> put(tar, "model.safetensors", TEXT));
    byte[] size = "77777777777 ".getBytes(UTF_8); // octal
    System.arraycopy(size, 0, archive, 124, 12);
    int sum = 0;
    Arrays.fill(archive, 148, 156, (byte) ' ');
    for (int i = 0; i < 512; i++) sum += archive[i] & 0xff;
    System.arraycopy("%06o\0 ".formatted(sum).getBytes(UTF_8), 0, archive, 148, 8);
    return archive;
  }

  static Stream<Hostile> names() throws IOException {
    return Stream.of(
        named("../config.json"),
        named("model/../../config.json"),
        named("/tmp/config.json"),
        named("a\\..\\config.json"),
        named("C:config.json"),
        named("a\nb"),
        named("é".repeat(200)),
        named("a//b"),
        named("a/b/c/d/e/f/g/h/i"),
        new Hostile("a zip that climbs", OUTSIDE, zip((ZipOutputStream z) -> put(z, "../x", TEXT))),
        new Hostile("a directory that climbs", OUTSIDE, tar(t -> put(t, "../x/", new byte[0]))),
        two("config.json", "config.json", "is in the archive twice"),
        two("config.json", "Config.JSON", "is in the archive twice"),
        two("model", "model/config.json", "is both a file and a directory"));
  }

  static Stream<Hostile> kinds() throws IOException {
    return Stream.of(
        kind("a symbolic link", TarConstants.LF_SYMLINK),
        kind("a hard link", TarConstants.LF_LINK),
        kind("a pipe", TarConstants.LF_FIFO),
        kind("a device of characters", TarConstants.LF_CHR),
        kind("a device of blocks", TarConstants.LF_BLK),
        changed("encrypted", "damaged or truncated", 6, 1),
        changed("a method that there is not", "damaged or truncated", 8, 99),
        new Hostile(
            "a directory with content",
            "directory entry with content",
            zip((ZipOutputStream z) -> put(z, "d/", TEXT))));
  }

  static Stream<Hostile> sizes() throws IOException {
    byte[] zeros = new byte[80 << 20];
    byte[] whole = tar(tar -> put(tar, "config.json", new byte[5000]));
    byte[] packed = gzip(whole);
    return Stream.of(
        new Hostile(
            "a bomb", "would exceed the limit", zip((ZipOutputStream z) -> put(z, "w", zeros))),
        new Hostile("a packed bomb", "would exceed the limit", gzip(tar(t -> put(t, "w", zeros)))),
        new Hostile(
            "eight gigabytes that are not there", "would exceed the limit", eightGigabytes()),
        header("a name without an end", TarConstants.LF_GNUTYPE_LONGNAME, "a".repeat(3 << 20)),
        header(
            "attributes without an end",
            TarConstants.LF_PAX_EXTENDED_HEADER_LC,
            "3000000 comment=" + "a".repeat(2_999_983) + "\n"),
        new Hostile("more files than any model", "more than 10000 files", many()),
        new Hostile("cut off", "damaged or truncated", Arrays.copyOf(whole, 3000)),
        new Hostile("packed and cut off", "damaged or truncated", Arrays.copyOf(packed, 60)),
        new Hostile("nothing", "neither a GGUF file", new byte[0]),
        new Hostile("something else", "neither a GGUF file", "%PDF-1.7".getBytes(UTF_8)),
        new Hostile(
            "no model", "config.json is missing", tar(t -> put(t, "a/b/config.json", TEXT))),
        two("a/config.json", "b/config.json", "config.json is missing, at the top"));
  }

  private static byte[] many() throws IOException {
    return tar(
        tar -> {
          for (int i = 0; i <= 10_000; i++) put(tar, "f" + i, new byte[0]);
        });
  }

  @ParameterizedTest
  @MethodSource({"names", "kinds", "sizes"})
  void whatDoesHarmIsRefusedWithItsReasonAndStaysInside(Hostile hostile) throws IOException {
    Path archive = Files.write(directory.resolve("archive"), hostile.archive());
    Path into = Files.createDirectory(directory.resolve("model"));

    assertThatExceptionOfType(ModelArchive.ArchiveRefused.class)
        .isThrownBy(() -> ModelArchive.unpack(archive, into))
        .withMessageContaining(hostile.told());

    try (Stream<Path> beside = Files.list(directory);
        Stream<Path> inside = Files.walk(into)) {
      assertThat(beside).containsExactlyInAnyOrder(archive, into);
      assertThat(inside).allMatch(each -> Files.isRegularFile(each) || Files.isDirectory(each));
    }
  }

  @Test
  void anyDamageIsARefusalOrFilesInside() throws IOException {
    Random random = new Random(7);
    for (byte[] whole :
        List.of(
            tar(t -> put(t, "m/config.json", new byte[900])),
            zip((ZipOutputStream z) -> put(z, "m/config.json", new byte[900])))) {
      for (int i = 0; i < 300; i++) {
        byte[] damaged = whole.clone();
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
        Path place = Files.createDirectory(directory.resolve("d" + whole.length + "-" + i));
        Path archive = Files.write(place.resolve("archive"), damaged);
        try {
          ModelArchive.unpack(archive, Files.createDirectory(place.resolve("model")));
        } catch (ModelArchive.ArchiveRefused refused) {
          assertThat(refused.getMessage()).isNotBlank();
        }
        try (Stream<Path> all = Files.list(place)) {
          assertThat(all).hasSize(2);
        }
      }
    }
  }

  @Test
  void aDirectoryComesOutAsItWentInWhateverItWasPackedWith() throws IOException {
    Path model = TinyLlama.write(directory.resolve("base"), 1);
    List<byte[]> archives =
        List.of(
            TestArchives.tarGz(model, ""),
            TestArchives.tarGz(model, "./"),
            TestArchives.tarGz(model, "SmolLM2-135M/"),
            zip(model, "SmolLM2-135M/"));
    for (int i = 0; i < archives.size(); i++) {
      Path archive = Files.write(directory.resolve("archive" + i), archives.get(i));
      Path unpacked =
          ModelArchive.unpack(archive, Files.createDirectory(directory.resolve("out" + i)));
      try (Stream<Path> files = Files.list(model)) {
        assertThat(files)
            .isNotEmpty()
            .allSatisfy(
                file ->
                    assertThat(unpacked.resolve(file.getFileName())).hasSameBinaryContentAs(file));
      }
    }
  }
}
