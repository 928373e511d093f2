package dev.graft.adapters;

import dev.graft.artifacts.Scratch;
import dev.graft.platform.ChildConfinement;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.Children;
import dev.graft.platform.FileEnd;
import dev.graft.platform.FileTrees;
import dev.graft.platform.GraftProperties;
import dev.graft.spec.ExportForm;
import dev.graft.spec.Quantization;
import dev.graft.spec.Quantization.NamedQuantization;
import dev.graft.training.ExporterCommand.ExportOrder;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.stereotype.Component;

/**
 * Has a child process make the files of a form. Weights are others' content and large: the server's
 * heap never has them, and what crashes is the child.
 */
@Component
@EnableConfigurationProperties(ExportProperties.class)
class Conversion implements AutoCloseable {
  private static final int REQUEST_WRONG = 2;
  private static final int OUT_OF_HEAP = 3;
  private static final int MOST_SAID = 8 << 10;
  private static final String TOLD = "told";
  private static final String SAID_BY = "graft: ";

  private final ExportSources sources;
  private final ExportProperties settings;
  private final Scratch scratch;
  private final Children children;

  Conversion(
      ExportSources sources,
      ExportProperties settings,
      GraftProperties graft,
      ChildConfinement confinement)
      throws IOException {
    this.sources = sources;
    this.settings = settings;
    Path root = graft.dataDir().toAbsolutePath().resolve("exports");
    this.children = confinement.within(root);
    this.scratch = Scratch.open(root);
    children.pass(scratch.directory());
  }

  /** Hears each second how far it is. */
  interface Progress {
    /**
     * @param total null while that is not known
     */
    void at(long bytes, @Nullable Long total);
  }

  /** What is done with the files before they are gone. */
  interface Use<T> {
    T of(Path files) throws IOException;
  }

  /** The weights tell that there is no such form, in words for the user. */
  static final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    Refused(String reason) {
      super(reason);
    }
  }

  /**
   * Called by a platform thread: the kernel ends the child with the thread that started it.
   *
   * @throws IOException if it may succeed when it is tried again
   */
  <T> T make(Adapter adapter, ExportForm form, Progress progress, Use<T> use)
      throws IOException, InterruptedException, Refused {
    Path directory = Files.createTempDirectory(scratch.directory(), "export-");
    Path out = Files.createDirectory(directory.resolve("out"));
    try {
      run(order(adapter, form, directory, out), directory, progress);
      children.takeBack(out);
      return use.of(out);
    } finally {
      children.takeBack(out);
      FileTrees.delete(directory);
    }
  }

  private ExportOrder order(Adapter adapter, ExportForm form, Path directory, Path out)
      throws IOException {
    ExportSources.Laid laid = sources.lay(adapter, form, directory);
    Quantization quantization = ExportSources.quantization(adapter);
    ExportOrder order =
        new ExportOrder(
            form.kind().wireName(),
            form.options(),
            laid.base(),
            laid.result(),
            laid.others(),
            quantization == null ? null : NamedQuantization.of(quantization),
            adapter.baseModel(),
            adapter.name(),
            out,
            Files.createDirectory(directory.resolve(TOLD)).resolve("total"));
    order.write(directory.resolve("order.json"));
    return order;
  }

  private void run(ExportOrder order, Path directory, Progress progress)
      throws IOException, InterruptedException, Refused {
    children.share(directory);
    children.give(order.out());
    children.give(directory.resolve(TOLD));
    Path errors = directory.resolve("errors");
    ProcessBuilder builder =
        children
            .of(
                ChildJvm.ofThisProgram(
                    settings.heap(), "exporter", directory.resolve("order.json").toString()))
            .directory(directory.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(errors.toFile());
    builder.environment().put("DJL_OFFLINE", "true");
    builder.environment().put("OPT_OUT_TRACKING", "true");
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      while (!process.waitFor(1, TimeUnit.SECONDS)) {
        progress.at(written(order.out()), total(order.total()));
      }
    } finally {
      // it must be gone before its directory is
      process.destroyForcibly().onExit().join();
    }
    if (process.exitValue() != 0) throw failure(process.exitValue(), errors);
    long bytes = written(order.out());
    progress.at(bytes, bytes);
  }

  private IOException failure(int status, Path errors) throws IOException, Refused {
    String said =
        FileEnd.lines(errors, MOST_SAID)
            .lines()
            .filter(line -> line.startsWith(SAID_BY))
            .reduce("", (first, last) -> last);
    if (status == REQUEST_WRONG && !said.isEmpty()) {
      throw new Refused(said.substring(SAID_BY.length()));
    }
    String what =
        status == OUT_OF_HEAP
            ? "its process had too little memory; graft.exports.heap is " + settings.heap()
            : "its process ended with status " + status;
    return new IOException(what, new IOException(said)); // the log alone has what it said
  }

  private static @Nullable Long total(Path file) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) > 20) return null;
    String text = Files.readString(file);
    return text.matches("[0-9]{1,18}") ? Long.valueOf(text) : null;
  }

  private static long written(Path out) throws IOException {
    try (Stream<Path> files = Files.walk(out)) {
      return files.map(Path::toFile).filter(File::isFile).mapToLong(File::length).sum();
    } catch (UncheckedIOException renamed) {
      return 0; // a file has got its name meanwhile
    }
  }

  @Override
  public void close() throws IOException {
    scratch.close();
  }
}
