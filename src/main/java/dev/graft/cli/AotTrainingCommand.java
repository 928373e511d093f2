package dev.graft.cli;

import dev.graft.client.BundledModel;
import dev.graft.client.GraftApi;
import dev.graft.jobs.JoinTokens;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller.Scope;
import dev.graft.tenancy.Departments;
import dev.graft.training.TrainCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * The run that a JVM records to make an AOT cache ({@code bin/make-aot-cache}): either a server
 * that starts, makes and lists keys, makes a join token and answers a few requests, or a short
 * training of the demo's base model.
 */
@Command(
    name = "aot-training",
    mixinStandardHelpOptions = true,
    hidden = true,
    description =
        "Start a server on a new data directory, send it a few requests and stop; or run one"
            + " training.")
final class AotTrainingCommand implements Callable<Integer> {
  private static final String ROW =
      """
      {"messages": [{"role": "user", "content": "Which port?"}, {"role": "assistant", "content": "8080"}]}
      """;

  private static final String SPEC =
      """
      {"base_model": "%s", "training_file": "%s", "seed": 1,
       "adapter": {"peft": {"peft_type": "LORA", "target_modules": "all-linear"}, "training": {"max_steps": 3}}}
      """;

  private static final List<String> LISTS =
      List.of("/v1/models", "/v1/files", "/v1/fine_tuning/jobs", "/v1/aliases", "/v1/base_models");

  @Option(names = "--data-dir", required = true, paramLabel = "DIR", description = "New directory.")
  private Path dataDir = Path.of(".");

  @Option(names = "--trainer", description = "Record a training instead of a server.")
  private boolean trainer;

  @Override
  public Integer call() throws IOException {
    Path directory = dataDir.toAbsolutePath();
    if (trainer) return train(directory);
    serve(directory);
    return 0;
  }

  private static void serve(Path directory) {
    try (ServerContext server = ServerContext.ofDemo(directory, 0)) {
      String department = server.get(Departments.class).ensure("aot");
      String key = server.get(ApiKeys.class).create(department, Scope.USER).secret();
      server.get(JoinTokens.class).create("default", Duration.ofMinutes(1), null);
      ServerContext.inside(server, () -> listKeys(directory));
      try (GraftApi api = new GraftApi(server.url(), key)) {
        LISTS.forEach(api::get);
      }
    }
  }

  private static int listKeys(Path directory) {
    return new CommandLine(new KeyCommand()).execute("list", "--data-dir", directory.toString());
  }

  private static int train(Path directory) throws IOException {
    Path model = directory.resolve("model");
    BundledModel.extract(model);
    Path rows = Files.writeString(directory.resolve("rows.jsonl"), ROW.repeat(8));
    Path spec = directory.resolve("spec.json");
    Files.writeString(spec, SPEC.formatted(model, rows));
    return new CommandLine(new TrainCommand())
        .execute(spec.toString(), "--out", directory.resolve("run").toString());
  }
}
