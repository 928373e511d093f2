package dev.graft.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.cli.LibtorchCommand.LibtorchLayout;
import dev.graft.cli.LibtorchCommand.PinnedWheel;
import dev.graft.cli.LibtorchCommand.WrongWheel;
import dev.graft.kernels.CudaLibrary;
import dev.graft.platform.MachineLacks;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibtorchLayoutTests {
  private static final String TORCH = "torch-2.7.1-cp312-cp312-manylinux_2_28_x86_64.whl";
  private static final String CUBLAS = "nvidia_cublas_cu12-12.6.4.1-py3-none-any.whl";

  @TempDir private Path scratch;
  private final List<PinnedWheel> pins = new ArrayList<>();
  private final StringWriter progress = new StringWriter();
  private PackageIndex index;
  private Path out;

  @BeforeEach
  void publish() throws Exception {
    index = new PackageIndex();
    out = scratch.resolve("libtorch-cuda");
    pin(
        TORCH,
        Map.of(
            "torch/version.py", "__version__ = '2.7.1+cu126'\n",
            "torch/lib/libtorch_cuda.so", "cuda".repeat(5_000),
            "torch/lib/libgomp.so.1", "omp",
            "torch/lib/libtorch_python.so", "python",
            "torch/nn/functional.py", "pass",
            "torch-2.7.1.dist-info/LICENSE", "BSD"));
    pin(CUBLAS, Map.of("nvidia/cublas/lib/libcublas.so.12", "blas", "nvidia/__init__.py", ""));
  }

  @AfterEach
  void stop() {
    index.close();
  }

  private void pin(String file, Map<String, String> entries) throws Exception {
    byte[] wheel = zip(entries);
    index.files.put(file, wheel);
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(wheel);
    pins.add(new PinnedWheel(HexFormat.of().formatHex(digest), file));
  }

  private static byte[] zip(Map<String, String> entries) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setLevel(0);
      for (var entry : new TreeMap<>(entries).entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toByteArray();
  }

  private LibtorchLayout layout() {
    return new LibtorchLayout(out, pins, new PrintWriter(progress));
  }

  private void fetch(boolean again) throws IOException {
    fetch(index.url("/simple"), again);
  }

  private void fetch(URI url, boolean again) throws IOException {
    LibtorchLayout layout = layout();
    layout.make(layout.of(new LibtorchCommand.WheelIndex(url, null)), again);
  }

  private Path part(String file) throws IOException {
    Path downloads = Files.createDirectories(scratch.resolve("libtorch-cuda.downloads"));
    return downloads.resolve(file + ".part");
  }

  private List<String> asked(String file) {
    return index.requests.stream().filter(each -> each.contains("/files/" + file)).toList();
  }

  @Test
  void librariesLieWhereTheyFindEachOther() throws IOException {
    fetch(false);
    assertThat(CudaLibrary.in(out)).isEqualTo(new CudaLibrary(out, "2.7.1+cu126"));
    assertThat(out.resolve("torch/lib/libtorch_cuda.so")).hasContent("cuda".repeat(5_000));
    assertThat(out.resolve("nvidia/cublas/lib/libcublas.so.12")).hasContent("blas");
    assertThat(out.resolve("torch-2.7.1.dist-info/LICENSE")).hasContent("BSD");
    assertThat(out.resolve("torch/lib/libtorch_python.so")).doesNotExist();
    assertThat(out.resolve("torch/nn")).doesNotExist();
    assertThat(scratch.resolve("libtorch-cuda.downloads")).doesNotExist();
    assertThat(scratch.resolve("libtorch-cuda.new")).doesNotExist();
  }

  @Test
  void whatIsThereIsNotFetchedTwiceUnlessAskedTo() throws IOException {
    fetch(false);
    index.requests.clear();
    fetch(false);
    assertThat(index.requests).isEmpty();
    Files.writeString(out.resolve("torch/lib/libgomp.so.1"), "damaged");
    fetch(true);
    assertThat(out.resolve("torch/lib/libgomp.so.1")).hasContent("omp");
  }

  @Test
  void anotherPinIsFetchedInItsPlace() throws Exception {
    fetch(false);
    pin("nvidia_nvtx_cu12-1-any.whl", Map.of("nvidia/nvtx/lib/libnvToolsExt.so.1", "nvtx"));
    fetch(false);
    assertThat(out.resolve("nvidia/nvtx/lib/libnvToolsExt.so.1")).hasContent("nvtx");
    assertThat(CudaLibrary.in(out)).isNotNull();
  }

  @Test
  void whatBreaksOffGoesOnWhereItWas() throws IOException {
    index.breaksOffAfter = 8_000;
    fetch(false);
    assertThat(CudaLibrary.in(out)).isNotNull();
    assertThat(asked(TORCH).getFirst()).contains("null");
    assertThat(asked(TORCH).get(1)).contains("bytes=8000-");
    assertThat(asked(TORCH).get(2)).contains("bytes=16000-");
    assertThat(progress.toString()).contains("connection lost");
  }

  @Test
  void theNextCallGoesOnAsWell() throws IOException {
    byte[] wheel = index.files.get(TORCH);
    Files.write(part(TORCH), Arrays.copyOf(wheel, 9_000));
    Files.write(part(CUBLAS), index.files.get(CUBLAS)); // whole, and not yet named so
    fetch(false);
    assertThat(asked(TORCH)).singleElement().asString().contains("bytes=9000-");
    assertThat(CudaLibrary.in(out)).isNotNull();
  }

  @Test
  void aServerThatKnowsNoRangesSendsAllAgain() throws IOException {
    index.ranges = false;
    Files.write(part(TORCH), new byte[] {1, 2, 3});
    fetch(false);
    assertThat(CudaLibrary.in(out)).isNotNull();
  }

  @Test
  void aDamagedBeginningIsFetchedOnceMore() throws IOException {
    Files.write(part(TORCH), new byte[7_000]);
    fetch(false);
    assertThat(asked(TORCH)).hasSize(2);
    assertThat(CudaLibrary.in(out)).isNotNull();
  }

  @Test
  void aServerThatNeverSendsMoreIsGivenUp() {
    index.breaksOffAfter = 0;
    assertThatThrownBy(() -> fetch(false)).isInstanceOf(IOException.class);
    assertThat(asked(TORCH)).hasSize(3);
    assertThat(out).doesNotExist();
  }

  @Test
  void anotherFileIsRefusedAndNotKept() throws IOException {
    byte[] other = index.files.get(CUBLAS).clone();
    other[other.length - 1] ^= 1;
    index.files.put(CUBLAS, other);
    assertThatThrownBy(() -> fetch(false))
        .isInstanceOf(WrongWheel.class)
        .hasMessageContainingAll(CUBLAS, pins.getLast().sha256());
    assertThat(part(CUBLAS)).doesNotExist();
    assertThat(out).doesNotExist();
    index.files.remove(CUBLAS);
    assertThatThrownBy(() -> fetch(false))
        .isInstanceOf(WrongWheel.class)
        .hasMessageContainingAll("/simple/nvidia-cublas-cu12/", CUBLAS);
  }

  @Test
  void aNameThatLeadsOutIsRefused() throws Exception {
    for (String name : List.of("torch/lib/../../../evil.so", "/etc/evil.so", "..\\evil.so")) {
      pins.subList(2, pins.size()).clear();
      pin("nvidia_evil-1-any.whl", Map.of(name, "evil"));
      assertThatThrownBy(() -> fetch(false))
          .isInstanceOf(WrongWheel.class)
          .hasMessageContaining("outside");
      assertThat(scratch.resolve("evil.so")).doesNotExist();
      assertThat(out).doesNotExist();
    }
  }

  @Test
  void wheelsWithoutTheRightLibtorchAreRefused() throws Exception {
    pins.removeFirst();
    assertThatThrownBy(() -> fetch(false))
        .isInstanceOf(WrongWheel.class)
        .hasMessageContaining("2.7.1");
    assertThat(out).doesNotExist();
  }

  @Test
  void aPasswordGoesToTheIndexAlone() throws IOException {
    index.filesAt = "/moved/";
    fetch(URI.create("http://me:secret@127.0.0.1:" + index.port() + "/simple/"), false);
    assertThat(index.requests)
        .filteredOn(each -> each.startsWith("/simple/") || each.startsWith("/moved/"))
        .isNotEmpty()
        .allMatch(each -> each.endsWith("Basic bWU6c2VjcmV0"));
    assertThat(asked("")).isNotEmpty().allMatch(each -> each.endsWith(" null"));
  }

  @Test
  void aDirectoryOfWheelsIsEnough() throws IOException {
    Path wheels = Files.createDirectories(scratch.resolve("wheels"));
    Files.write(wheels.resolve(TORCH), index.files.get(TORCH));
    assertThatThrownBy(() -> layout().make(LibtorchLayout.of(wheels), false))
        .isInstanceOf(MachineLacks.class)
        .hasMessageContaining(CUBLAS);
    Files.write(wheels.resolve(CUBLAS), new byte[10]);
    assertThatThrownBy(() -> layout().make(LibtorchLayout.of(wheels), false))
        .isInstanceOf(WrongWheel.class);
    Files.write(wheels.resolve(CUBLAS), index.files.get(CUBLAS));
    layout().make(LibtorchLayout.of(wheels), false);
    assertThat(CudaLibrary.in(out)).isNotNull();
    assertThat(wheels.resolve(TORCH)).exists();
    assertThat(index.requests).isEmpty();
  }

  @Test
  void whatSomebodyElsePutThereStays() throws IOException {
    Path theirs = Files.createDirectories(out).resolve("thesis.tex");
    Files.writeString(theirs, "text");
    assertThatThrownBy(() -> fetch(true))
        .isInstanceOf(MachineLacks.class)
        .hasMessageContaining("--out");
    assertThat(theirs).hasContent("text");
  }

  @Test
  void anIndexThatDoesNotAnswerIsSomethingThatTheMachineLacks() throws IOException {
    URI url = index.url("/simple");
    index.close();
    assertThatThrownBy(() -> fetch(url, false))
        .isInstanceOf(MachineLacks.class)
        .hasMessageContainingAll("--index-url", "--from");
    assertThatThrownBy(
            () -> new LibtorchCommand.WheelIndex(URI.create("ftp://index.example/simple"), null))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void thePinsAreTorchAndWhatItLinksWith() {
    List<PinnedWheel> all = PinnedWheel.all();
    assertThat(all).hasSize(15);
    assertThat(all.getFirst().file()).startsWith("torch-" + CudaLibrary.NEEDED + "-");
    assertThat(all.getFirst().project()).isEqualTo("torch");
    assertThat(all.get(1).project()).isEqualTo("nvidia-cublas-cu12");
    assertThat(all).allMatch(each -> each.sha256().matches("[0-9a-f]{64}"));
    assertThat(all).allMatch(each -> each.file().matches("[\\w.-]+x86_64\\.whl"));
  }

  @Test
  void anIndexIsNamedElseItIsPipsElseItIsAskedFor() {
    assertThat(LibtorchCommand.Fetch.url("https://a.example/simple", "https://b.example"))
        .isEqualTo(URI.create("https://a.example/simple"));
    assertThat(LibtorchCommand.Fetch.url(null, "https://b.example"))
        .isEqualTo(URI.create("https://b.example"));
    for (String nothing : new String[] {null, " "}) {
      assertThatThrownBy(() -> LibtorchCommand.Fetch.url(null, nothing))
          .hasMessageContainingAll("--index-url", "PIP_INDEX_URL", "--from");
    }
  }
}
