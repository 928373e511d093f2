package dev.graft.training;

import dev.graft.spec.ExportForm;
import dev.graft.spec.Quantization.NamedQuantization;
import dev.graft.weights.BadModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** The child process of a server that exports a result. Not for users. */
@Command(name = "exporter", hidden = true, description = "Export one form of a result.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
public final class ExporterCommand implements Callable<Integer> {
  private static final int REQUEST_WRONG = 2;

  @Parameters(paramLabel = "FILE", description = "the order, as JSON")
  private Path order;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    try {
      ExportOrder.read(order).run();
      return 0;
    } catch (BadModel | IllegalArgumentException refused) {
      spec.commandLine().getErr().println("graft: " + refused.getMessage());
      return REQUEST_WRONG;
    }
  }

  /**
   * The order of {@code graft exporter}, a JSON file. All paths are local.
   *
   * @param form name of an {@link ExportForm}
   * @param options of the form
   * @param base directory of the base model
   * @param result directory of the result
   * @param others directories of adapters to combine it with
   * @param quantization that the base had in training, or null
   * @param baseModelName name of the base in the written files
   * @param name name of the result in the written files
   * @param out existing empty directory
   * @param total file for the approximate number of bytes to write
   */
  public record ExportOrder(
      String form,
      JsonNode options,
      Path base,
      Path result,
      List<Path> others,
      @Nullable NamedQuantization quantization,
      String baseModelName,
      String name,
      Path out,
      Path total) {
    private static final JsonMapper MAPPER =
        JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    public void write(Path file) throws IOException {
      Files.writeString(file, MAPPER.writeValueAsString(this));
    }

    /**
     * @throws IllegalArgumentException if the file is not an order
     */
    public static ExportOrder read(Path file) throws IOException {
      try {
        return MAPPER.readValue(Files.readString(file), ExportOrder.class);
      } catch (JacksonException e) {
        throw new IllegalArgumentException("not an order", e);
      }
    }

    /**
     * Executes the order.
     *
     * @throws IllegalArgumentException if the result has no such form; the message has the reason
     * @throws dev.graft.weights.BadModel if a file cannot be parsed
     */
    public void run() throws IOException {
      ExportForm wanted = ExportForm.of(form, options);
      try (ResultSource source =
          ResultSource.open(
              base, result, others, quantization == null ? null : quantization.quantization())) {
        ResultForms forms = new ResultForms(source, baseModelName, name);
        Files.writeString(total, Long.toString(forms.bytes(wanted)));
        forms.write(wanted, out);
      }
    }
  }
}
