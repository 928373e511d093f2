package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.cli.doctor.DataDirectory.DiskSpace;
import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.cli.doctor.DoctorReport.CheckStatus;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTests {
  @TempDir Path parent;
  private Path data = Path.of("");

  @BeforeEach
  void aDirectoryOfGraft() throws IOException {
    data = Files.createDirectory(parent.resolve("data"));
    mode(data, "rwx--x--x");
  }

  @Test
  void aPrivateDirectoryIsWellAndNothingIsLeftInIt() throws IOException {
    assertThat(new DataDirectory(data).findings())
        .allMatch(finding -> finding.status() == CheckStatus.OK)
        .extracting(CheckResult::name)
        .containsExactly("data-dir", "permissions");
    assertThat(new DataDirectory.FileSystem(data).findings().getFirst().status())
        .isNotEqualTo(CheckStatus.MISSING);
    assertThat(data).isEmptyDirectory();
  }

  @Test
  void oneThatIsNotThereYetIsNotMade() throws IOException {
    Path absent = parent.resolve("not/yet");
    CheckResult finding = only(new DataDirectory(absent).findings());
    assertThat(finding.status()).isEqualTo(CheckStatus.OK);
    assertThat(finding.detail()).isEqualTo(absent + ", which serve will create");
    assertThat(parent).isDirectoryNotContaining("glob:**/not");
    assertThat(Files.list(parent)).containsExactly(data);
  }

  @Test
  void aFileInTheWayAndADirectoryThatNobodyMayWriteAreMissing() throws IOException {
    Path file = Files.createFile(parent.resolve("file"));
    CheckResult inTheWay = only(new DataDirectory(file.resolve("data")).findings());
    assertThat(inTheWay.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(inTheWay.detail()).isEqualTo(file + " is not a directory");
    CheckResult kernel = only(new DataDirectory(Path.of("/proc/graft")).findings());
    assertThat(kernel.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(kernel.detail()).startsWith("no permission to write /proc");
    assertThat(kernel.cure()).contains("--data-dir");
  }

  @Test
  void whoElseMayWriteOrReadIsSaid() throws IOException {
    mode(data, "rwxrwxrwx");
    assertThat(permissions().status()).isEqualTo(CheckStatus.MISSING);
    mode(data, "rwxr-xr-x");
    CheckResult listed = permissions();
    assertThat(listed.status()).isEqualTo(CheckStatus.WARNING);
    assertThat(listed.cure()).isEqualTo("chmod 711 " + data);
    mode(data, "rwx------");
    Path password = Files.createDirectory(data.resolve("postgres")).resolve("password");
    Files.writeString(password, "secret");
    mode(password, "rw-r--r--");
    assertThat(permissions().cure()).isEqualTo("chmod 600 " + password);
    mode(password, "rw-------");
    assertThat(permissions().status()).isEqualTo(CheckStatus.OK);
  }

  private CheckResult permissions() throws IOException {
    return new DataDirectory(data).findings().get(1);
  }

  @Test
  void littleSpaceIsAWarningAndTooLittleIsMissing() throws IOException {
    Path later = data.resolve("later");
    assertThat(only(new DiskSpace(later, 1, 2).findings()).status()).isEqualTo(CheckStatus.OK);
    assertThat(only(new DiskSpace(later, 1, Long.MAX_VALUE).findings()).status())
        .isEqualTo(CheckStatus.WARNING);
    CheckResult full = only(new DiskSpace(later, Long.MAX_VALUE, Long.MAX_VALUE).findings());
    assertThat(full.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(full.detail()).matches("[\\d.]+ GB free");
    CheckResult little = only(new DiskSpace(later, 2_000_000_000, Long.MAX_VALUE).findings());
    assertThat(little.cure()).contains("Graft needs at least 2.0 GB");
  }

  @Test
  void aFileSystemWithoutHardLinksIsMissing() throws IOException {
    URI zip = URI.create("jar:" + parent.resolve("files.zip").toUri());
    try (var files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Path inside = Files.createDirectory(files.getPath("/data"));
      CheckResult links = only(new DataDirectory.FileSystem(inside).findings());
      assertThat(links.status()).isEqualTo(CheckStatus.MISSING);
      assertThat(links.detail()).isEqualTo("zipfs does not support atomic renames or hard links");
      assertThat(inside).isEmptyDirectory();
    }
  }

  @Test
  void whatKilledProcessesLeftIsCountedAndStays() throws IOException {
    assertThat(leftovers()).isEqualTo("none");
    Files.createDirectories(data.resolve("postgres/cluster.new"));
    Path temporary = Files.createDirectories(data.resolve("artifacts/tmp"));
    Path lock = Files.createFile(temporary.resolve("dead.lock"));
    assertThat(leftovers())
        .startsWith("unfinished set-ups of PostgreSQL: 1, abandoned temporary files: 1;");
    assertThat(lock).exists();
  }

  private String leftovers() throws IOException {
    return only(new DataDirectory.Leftovers(data).findings()).detail();
  }

  private static CheckResult only(List<CheckResult> findings) {
    assertThat(findings).hasSize(1);
    return findings.getFirst();
  }

  private static void mode(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }
}
