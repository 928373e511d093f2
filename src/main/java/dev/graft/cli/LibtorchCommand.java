package dev.graft.cli;

import dev.graft.kernels.CudaLibrary;
import dev.graft.platform.Bytes;
import dev.graft.platform.FileTrees;
import dev.graft.platform.MachineLacks;
import dev.graft.platform.ResumedDownload;
import dev.graft.platform.ResumedDownload.DownloadRefused;
import dev.graft.platform.Sha256;
import dev.graft.platform.TrustedAuthorities;
import dev.graft.platform.WebOrigin;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code graft libtorch}: downloads the CUDA build of libtorch. */
@Command(
    name = "libtorch",
    description = "Download the CUDA build of libtorch, for machines with NVIDIA GPUs.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = LibtorchCommand.Fetch.class)
final class LibtorchCommand {
  @Command(
      name = "fetch",
      mixinStandardHelpOptions = true,
      description = {
        "Install the CUDA build of libtorch from PyPI's wheels of torch and NVIDIA's libraries.",
        "Every wheel is checked against its SHA-256. Downloads 2.8 GB and takes 4.6 GB on disk;"
            + " Python is not needed.",
        "An interrupted download is resumed by the next call."
      })
  static final class Fetch extends CliCommand implements Callable<Integer> {
    @Option(
        names = "--out",
        paramLabel = "DIR",
        description = {
          "The directory to install into; by default GRAFT_LIBTORCH_CUDA_DIRECTORY, or"
              + " ~/.graft/libtorch-cuda.",
          "Graft loads it from there."
        })
    private @Nullable Path out;

    @Option(
        names = "--index-url",
        paramLabel = "URL",
        description =
            "URL of the package index, PyPI's or a mirror of it; by default PIP_INDEX_URL.")
    private @Nullable String indexUrl;

    @Option(names = "--from", paramLabel = "DIR", description = "Use the wheels in this directory.")
    private @Nullable Path from;

    @Option(names = "--again", description = "Install again even if it is already installed.")
    private boolean again;

    @Option(
        names = "--list",
        description =
            "Print the wheels with their SHA-256 in the format of sha256sum; download nothing.")
    private boolean list;

    @Override
    public Integer call() throws IOException {
      if (list) {
        PinnedWheel.all().forEach(each -> print(each.line()));
        return 0;
      }
      if (from != null && indexUrl != null) {
        throw wrong("use either --from or --index-url, not both");
      }
      Path directory = out != null ? out.toAbsolutePath() : CudaLibrary.directory(System.getenv());
      LibtorchLayout layout =
          new LibtorchLayout(directory, PinnedWheel.all(), spec.commandLine().getErr());
      layout.make(from != null ? LibtorchLayout.of(from) : layout.of(index()), again);
      print(directory);
      return 0;
    }

    private WheelIndex index() {
      try {
        return new WheelIndex(url(indexUrl, System.getenv("PIP_INDEX_URL")), trusted());
      } catch (IllegalArgumentException e) {
        throw wrong(String.valueOf(e.getMessage()));
      }
    }

    /** Returns the given URL, else pip's. */
    static URI url(@Nullable String named, @Nullable String ofPip) {
      String url = named != null ? named : ofPip;
      if (url == null || url.isBlank()) {
        throw new IllegalArgumentException(
            "specify where to get the wheels: a package index (PyPI's, or a mirror of it) with"
                + " --index-url or PIP_INDEX_URL, or a directory with --from");
      }
      return URI.create(url);
    }

    private static @Nullable SSLContext trusted() {
      String authorities = System.getenv("SSL_CERT_FILE");
      return authorities == null || authorities.isBlank()
          ? null
          : TrustedAuthorities.of(Path.of(authorities));
    }
  }

  /**
   * Installs the CUDA build into a directory. While it does so there are, beside the directory,
   * {@code .downloads} with the wheels, {@code .new} with the unpacked files, and {@code .lock}.
   *
   * @param wheels the wheels to install
   */
  record LibtorchLayout(Path directory, List<PinnedWheel> wheels, PrintWriter progress) {
    /** The file in the directory that lists the wheels it was made of. */
    private static final String MADE_OF = "wheels.sha256";

    LibtorchLayout {
      wheels = List.copyOf(wheels);
    }

    /** Provides the wheels. */
    @FunctionalInterface
    interface Source {
      /** Returns the wheel as a verified file. */
      Path bring(PinnedWheel wheel) throws IOException;
    }

    /** Takes the wheels from a directory. */
    static Source of(Path wheels) {
      return wheel -> {
        Path file = wheels.resolve(wheel.file());
        if (!Files.isRegularFile(file)) {
          throw new MachineLacks(
              "%s is not in %s; download it there, for example with pip download --no-deps"
                  .formatted(wheel.file(), wheels));
        }
        wheel.verify(file);
        return file;
      };
    }

    Source of(WheelIndex index) {
      return wheel ->
          new WheelDownload(index, Files.createDirectories(beside(".downloads")), progress)
              .bring(wheel);
    }

    /**
     * Installs the build, unless it is already installed.
     *
     * @param again install it even then
     * @throws MachineLacks if the directory holds something else
     */
    void make(Source source, boolean again) throws IOException {
      Files.createDirectories(directory.toAbsolutePath().getParent());
      try (FileChannel file =
              FileChannel.open(
                  beside(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = file.lock()) {
        if (lock.isValid() && isMade() && !again) return;
        refuseForeign();
        Path made = beside(".new");
        FileTrees.delete(made);
        Files.createDirectories(made);
        for (int i = 0; i < wheels.size(); i++) {
          progress.printf("%d of %d: %s%n", i + 1, wheels.size(), wheels.get(i).file());
          progress.flush();
          WheelFiles.unpack(source.bring(wheels.get(i)), made);
        }
        Files.writeString(made.resolve(MADE_OF), pins());
        check(made);
        publish(made);
      }
      FileTrees.delete(beside(".downloads"));
    }

    private boolean isMade() throws IOException {
      Path file = directory.resolve(MADE_OF);
      return Files.isRegularFile(file) && Files.readString(file).equals(pins());
    }

    private void refuseForeign() throws IOException {
      if (!Files.exists(directory) || Files.exists(directory.resolve(MADE_OF))) return;
      try (var entries = Files.list(directory)) {
        if (entries.findAny().isEmpty()) return;
      }
      throw new MachineLacks(
          directory
              + " is not empty and holds something else; choose another directory with --out");
    }

    private static void check(Path made) throws WrongWheel {
      CudaLibrary library = CudaLibrary.in(made);
      if (library == null || library.lack() != null) {
        throw new WrongWheel(
            "the wheels do not contain libtorch " + CudaLibrary.NEEDED + " for CUDA");
      }
    }

    /** Replaces the directory. Running programs keep the files that they have loaded. */
    private void publish(Path made) throws IOException {
      Path old = beside(".old");
      FileTrees.delete(old);
      if (Files.exists(directory)) Files.move(directory, old, StandardCopyOption.ATOMIC_MOVE);
      Files.move(made, directory, StandardCopyOption.ATOMIC_MOVE);
      FileTrees.delete(old);
    }

    private String pins() {
      return wheels.stream().map(each -> each.line() + "\n").collect(Collectors.joining());
    }

    private Path beside(String end) {
      return directory.resolveSibling(directory.getFileName() + end);
    }
  }

  /**
   * Downloads wheels into a directory. Interrupted downloads are resumed, in this run or the next.
   *
   * @param directory for complete wheels, and incomplete ones with the suffix {@code .part}
   */
  record WheelDownload(WheelIndex index, Path directory, PrintWriter progress) {
    /** Returns the verified wheel. */
    Path bring(PinnedWheel wheel) throws IOException {
      Path whole = directory.resolve(wheel.file());
      if (Files.exists(whole)) {
        try {
          wheel.verify(whole);
          return whole;
        } catch (WrongWheel damaged) {
          Files.delete(whole);
        }
      }
      Path part = directory.resolve(wheel.file() + ".part");
      URI from = index.find(wheel);
      new ResumedDownload(start -> index.open(from, start), reported(part))
          .into(part, wheel::verify);
      return Files.move(part, whole);
    }

    private ResumedDownload.Progress reported(Path part) {
      return new ResumedDownload.Progress() {
        @Override
        public void at(long bytes) {}

        @Override
        public void brokeOff(long bytes) {
          progress.printf(
              "connection lost after %s, resuming: %s%n", Bytes.shown(bytes), part.getFileName());
          progress.flush();
        }
      };
    }
  }

  /** Selects the files of a wheel to install: libraries, torch's version, licences. */
  static final class WheelFiles {
    /** {@code torch/lib}, {@code nvidia/NAME/lib}, {@code cusparselt/lib}. */
    private static final Pattern LIBRARY = Pattern.compile("(\\w+/){1,2}lib/[\\w.+-]+\\.so[.\\d]*");

    /** The Python binding, which needs Python's library. */
    private static final String OF_PYTHON = "torch/lib/libtorch_python.so";

    private static final String VERSION = "torch/version.py";
    private static final Pattern LICENCE =
        Pattern.compile(
            "[\\w.+-]+/(licenses/)?[\\w.-]{0,40}LICENSE[\\w.-]{0,40}", Pattern.CASE_INSENSITIVE);

    private WheelFiles() {}

    /**
     * @return the number of libraries
     * @throws WrongWheel if the name of an entry points outside the directory
     */
    static int unpack(Path wheel, Path directory) throws IOException {
      int libraries = 0;
      try (ZipFile zip = new ZipFile(wheel.toFile())) {
        for (ZipEntry entry : zip.stream().toList()) {
          String name = entry.getName();
          refuseOutside(wheel, name);
          boolean library = LIBRARY.matcher(name).matches() && !name.equals(OF_PYTHON);
          if (!library && !name.equals(VERSION) && !LICENCE.matcher(name).matches()) continue;
          Path target = directory.resolve(name);
          Files.createDirectories(target.getParent());
          try (InputStream in = zip.getInputStream(entry)) {
            Files.copy(in, target);
          }
          if (library) libraries++;
        }
      }
      return libraries;
    }

    private static void refuseOutside(Path wheel, String name) throws WrongWheel {
      boolean up = Arrays.asList(name.split("[/\\\\]", -1)).contains("..");
      if (up || name.startsWith("/") || name.indexOf('\0') >= 0) {
        throw new WrongWheel(
            "%s contains an entry with a path outside the archive: %s".formatted(wheel, name));
      }
    }
  }

  /**
   * A wheel, pinned by its SHA-256.
   *
   * @param sha256 of the file, in hex
   * @param file its name, such as {@code torch-2.7.1-cp312-cp312-manylinux_2_28_x86_64.whl}
   */
  record PinnedWheel(String sha256, String file) {
    private static final String PINS = "wheels.sha256";

    /** Returns the wheels of torch and the libraries that it links to. */
    static List<PinnedWheel> all() {
      try (InputStream in =
          Objects.requireNonNull(PinnedWheel.class.getResourceAsStream(PINS), PINS)) {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .map(line -> line.split("  ", 2))
            .map(pin -> new PinnedWheel(pin[0], pin[1]))
            .toList();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Returns the project's name in the index. */
    String project() {
      return file.substring(0, file.indexOf('-')).replace('_', '-');
    }

    /** Returns a line in the format of {@code sha256sum}. */
    String line() {
      return sha256 + "  " + file;
    }

    /**
     * @throws WrongWheel if the file has another SHA-256
     */
    void verify(Path path) throws IOException {
      String found = Sha256.of(path);
      if (!found.equals(sha256)) {
        throw new WrongWheel(
            "%s has SHA-256 %s, but Graft needs the wheel with SHA-256 %s"
                .formatted(path, found, sha256));
      }
    }
  }

  /**
   * A package index, PyPI or a mirror of it (PEP 503).
   *
   * @param url usually ending in {@code /simple}; may contain a name and password
   * @param trusted the trusted authorities; null = Java's
   */
  record WheelIndex(URI url, @Nullable SSLContext trusted) {
    private static final Pattern LINK =
        Pattern.compile(
            "<a\\s[^>]*?href\\s*=\\s*[\"']([^\"']{1,4000})[\"']", Pattern.CASE_INSENSITIVE);
    private static final int LONGEST_PAGE = 64 << 20;

    /**
     * @throws IllegalArgumentException if it is not an http or https URL
     */
    WheelIndex {
      var _ = new WebOrigin(url, null, trusted);
    }

    /** Returns the wheel's URL in the index. */
    URI find(LibtorchCommand.PinnedWheel wheel) throws IOException {
      String base = url.toString();
      URI page = URI.create((base.endsWith("/") ? base : base + "/") + wheel.project() + "/");
      HttpURLConnection answer = open(page, 0);
      try (InputStream in = answer.getInputStream()) {
        String html = new String(in.readNBytes(LONGEST_PAGE), StandardCharsets.UTF_8);
        URI at = URI.create(answer.getURL().toString());
        Matcher links = LINK.matcher(html);
        while (links.find()) {
          URI link = link(at, links.group(1).replace("&amp;", "&"));
          if (link != null && link.getPath().endsWith("/" + wheel.file())) return link;
        }
      }
      throw new WrongWheel("%s does not list %s".formatted(WebOrigin.shown(page), wheel.file()));
    }

    private static @Nullable URI link(URI page, String target) {
      try {
        URI link = page.resolve(target);
        return link.getPath() == null ? null : link;
      } catch (IllegalArgumentException notAUri) {
        return null;
      }
    }

    /**
     * Sends a GET request and follows redirects.
     *
     * @param from the first byte to request; the server answers 206 if it honours that
     * @throws MachineLacks if the server cannot be reached
     */
    HttpURLConnection open(URI target, long from) throws IOException {
      try {
        HttpURLConnection answer = new WebOrigin(url, authorization(), trusted).open(target, from);
        return accepted(answer, answer.getResponseCode(), target);
      } catch (UnknownHostException | SocketException | SocketTimeoutException e) {
        throw new MachineLacks(
            "cannot connect to %s (%s); use a mirror with --index-url, or a directory of wheels with"
                    .formatted(WebOrigin.shown(target), e.getMessage())
                + " --from",
            e);
      }
    }

    private @Nullable String authorization() {
      String user = url.getUserInfo();
      if (user == null) return null;
      byte[] secret = user.getBytes(StandardCharsets.UTF_8);
      return "Basic " + Base64.getEncoder().encodeToString(secret);
    }

    private static HttpURLConnection accepted(HttpURLConnection answer, int status, URI target)
        throws IOException {
      if (status == 200 || status == 206 || status == 416) return answer;
      answer.disconnect();
      String why =
          switch (status) {
            case 401, 403 -> "; add the name and password to the URL: https://NAME:PASSWORD@HOST/";
            case 404 ->
                "; check that --index-url is a package index, whose URL usually ends in /simple";
            default -> "";
          };
      throw new WrongWheel("%s answers %d%s".formatted(WebOrigin.shown(target), status, why));
    }
  }

  /** A file is not the required wheel, or the index does not list it. The message says which. */
  static final class WrongWheel extends DownloadRefused {
    private static final long serialVersionUID = 1;

    WrongWheel(String message) {
      super(message);
    }
  }
}
