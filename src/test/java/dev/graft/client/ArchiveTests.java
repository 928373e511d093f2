package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Archives come from a server, which need not be a friendly one. */
class ArchiveTests {
  @TempDir private Path directory;

  @Test
  void filesLieWhereTheyAreWanted() throws IOException {
    Path target = directory.resolve("adapter");
    Archive.unpack(archive("inner/config.json", TarConstants.LF_NORMAL), target);
    assertThat(target.resolve("inner/config.json")).hasContent("text");
  }

  @ParameterizedTest
  @CsvSource({"../outside, 0", "a/../../outside, 0", "link, 1", "link, 2", "device, 3", "pipe, 6"})
  void whatIsNoFileOfItIsRefusedAndNothingIsThere(String name, char kind) throws IOException {
    Path target = directory.resolve("adapter");
    Path archive = archive(name, (byte) kind);
    assertThatThrownBy(() -> Archive.unpack(archive, target))
        .isInstanceOf(IOException.class)
        .hasMessage("the archive contains an entry that is not allowed: " + name);
    assertThat(directory).isDirectoryNotContaining(each -> !each.equals(archive));
  }

  private Path archive(String name, byte kind) throws IOException {
    Path archive = directory.resolve("archive.tar.gz");
    byte[] text = "text".getBytes(StandardCharsets.UTF_8);
    try (var tar =
        new TarArchiveOutputStream(new GZIPOutputStream(Files.newOutputStream(archive)))) {
      TarArchiveEntry entry = new TarArchiveEntry(name, kind, true);
      boolean plain = kind == TarConstants.LF_NORMAL;
      if (plain) entry.setSize(text.length);
      else entry.setLinkName("/etc/passwd");
      tar.putArchiveEntry(entry);
      if (plain) tar.write(text);
      tar.closeArchiveEntry();
    }
    return archive;
  }
}
