package dev.graft.client;

import dev.graft.client.JobWatch.MakingWatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft adapters}: finds, downloads, exports and deletes adapters. */
@Command(
    name = "adapters",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(list | show | pull | export | combine | link | delete)",
    description = "List, download, export and delete adapters on a server.",
    subcommands = {
      AdaptersCommand.ListAll.class,
      AdaptersCommand.Show.class,
      AdaptersCommand.PullAdapter.class,
      AdaptersCommand.ExportAdapter.class,
      AdaptersCommand.CombineAdapters.class,
      AdaptersCommand.Link.class,
      AdaptersCommand.Delete.class
    })
public final class AdaptersCommand extends CommandGroup {
  static final String PATH = "/v1/adapters";

  private static final Table ADAPTERS =
      new Table()
          .text("ADAPTER", "/id")
          .time("CREATED", "/created_at")
          .size("SIZE", "/bytes")
          .text("BASE", "/base_model")
          .text("MODEL", "/name");

  @Command(name = "list", description = "List adapters, newest first, optionally filtered.")
  static final class ListAll extends ApiCommand.ListCommand {
    @Option(names = "--name", paramLabel = "TEXT", description = "Part of the model's name.")
    private @Nullable String name;

    @Option(names = "--base", paramLabel = "MODEL", description = "Adapters of this base model.")
    private @Nullable String base;

    @Option(names = "--method", description = "Only adapters of this method, such as LORA or full.")
    private @Nullable String method;

    @Option(names = "--parent", paramLabel = "MODEL", description = "Continued from this model.")
    private @Nullable String parent;

    ListAll() {
      super(PATH, ADAPTERS);
    }

    @Override
    String query() {
      StringJoiner query = new StringJoiner("&");
      add(query, "name", name);
      add(query, "base_model", base);
      add(query, "method", method);
      add(query, "parent_model", parent);
      return query.toString();
    }
  }

  @Command(name = "show", description = "Show an adapter as JSON.")
  static final class Show extends ApiCommand.ShowCommand {
    Show() {
      super(PATH);
    }
  }

  @Command(name = "link", description = "Create a link to download the adapter without a key.")
  static final class Link extends ApiCommand {
    @Parameters(paramLabel = "ADAPTER_ID")
    private String id = "";

    @Option(
        names = "--expires",
        paramLabel = "SECONDS",
        defaultValue = "3600",
        description = "Seconds until the link expires, up to 7 days (${DEFAULT-VALUE}).")
    private long expires;

    @Override
    int run(GraftApi api) {
      JsonNode link =
          api.post(
              PATH + "/" + escaped(id) + "/download_links",
              object().put("expires_in_seconds", expires));
      show(link, link.path("url").asString());
      return 0;
    }
  }

  @Command(name = "delete", description = "Delete an adapter and its files permanently.")
  static final class Delete extends ApiCommand {
    @Parameters(paramLabel = "ADAPTER_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      show(api.delete(PATH + "/" + escaped(id)), id + " deleted");
      return 0;
    }
  }

  /** {@code graft adapters combine}. */
  @Command(
      name = "combine",
      description =
          "Combine several adapters of one base model into one LoRA on the server, and download"
              + " it.")
  static final class CombineAdapters extends ExportCommand {
    @Parameters(paramLabel = "ADAPTER_ID", arity = "2..9", description = "Ids of the adapters.")
    private List<String> ids = List.of();

    @Option(
        names = "--weights",
        required = true,
        split = ",",
        paramLabel = "NUMBER",
        description = "One weight for each adapter, such as 0.5,0.5; a negative weight subtracts.")
    private List<Double> weights = List.of();

    @Option(
        names = "--type",
        defaultValue = "svd",
        paramLabel = "TYPE",
        description =
            "PEFT's combination_type (${DEFAULT-VALUE}): svd, linear, cat, ties, dare_linear,"
                + " dare_ties or magnitude_prune; the last four also with the suffix _svd.")
    private String type = "";

    @Option(
        names = "--density",
        paramLabel = "SHARE",
        description = "The share of values to keep, for ties, dare and magnitude_prune.")
    private @Nullable Double density;

    @Option(
        names = "--majority-sign",
        paramLabel = "total|frequency",
        description = "How ties chooses the sign of a value.")
    private @Nullable String majoritySign;

    @Option(
        names = "--svd-rank",
        paramLabel = "RANK",
        description =
            "The rank of the result of a type with svd; by default the largest rank of the"
                + " adapters.")
    private @Nullable Integer svdRank;

    @Option(names = "--seed", paramLabel = "N", description = "Random seed of dare's drops (0).")
    private @Nullable Integer seed;

    @Override
    int run(GraftApi api) throws IOException {
      ObjectNode request = object().put("form", "combined");
      ObjectNode combination = request.putObject("combination").put("combination_type", type);
      ids.subList(1, ids.size()).forEach(combination.putArray("adapters")::add);
      weights.forEach(combination.putArray("weights")::add);
      if (density != null) combination.put("density", density);
      if (majoritySign != null) combination.put("majority_sign_method", majoritySign);
      if (svdRank != null) combination.put("svd_rank", svdRank);
      if (seed != null) combination.put("seed", seed);
      return export(api, ids.getFirst(), request);
    }
  }

  /** {@code graft adapters export}. */
  @Command(name = "export", description = "Export an adapter to another form and download it.")
  static final class ExportAdapter extends ExportCommand {
    @Parameters(paramLabel = "ADAPTER_ID", description = "Id of the adapter.")
    private String id = "";

    @Option(
        names = "--form",
        required = true,
        paramLabel = "FORM",
        description = "The form: merged, merged_gguf, adapter_gguf, plain_lora, vllm or ollama.")
    private String form = "";

    @Option(names = "--type", paramLabel = "f16|q8_0", description = "Type of a merged GGUF file.")
    private @Nullable String type;

    @Option(
        names = "--max-shard-size",
        paramLabel = "SIZE",
        description = "The largest size of a weights file of a merged model, such as 500MB (5GB).")
    private @Nullable String maxShardSize;

    @Option(
        names = "--base",
        paramLabel = "MODEL",
        description = "The base model as vLLM is started with it, or as Ollama names it.")
    private @Nullable String base;

    @Option(names = "--name", paramLabel = "NAME", description = "Model name for clients of vLLM.")
    private @Nullable String name;

    @Override
    int run(GraftApi api) throws IOException {
      ObjectNode request = object().put("form", form);
      if (type != null) request.put("type", type);
      if (maxShardSize != null) request.put("max_shard_size", maxShardSize);
      if (base != null) request.put("base", base);
      if (name != null) request.put("name", name);
      return export(api, id, request);
    }
  }

  /** Has the server make a form of an adapter, and downloads it. */
  abstract static class ExportCommand extends ApiCommand {
    @Option(
        names = "--out",
        paramLabel = "FILE",
        description =
            "The file to write, which must not exist; by default the server's name for it.")
    private @Nullable Path out;

    final int export(GraftApi api, String adapter, ObjectNode request) throws IOException {
      if (out != null) Archive.requireNew(out);
      String path = AdaptersCommand.PATH + "/" + escaped(adapter) + "/exports";
      JsonNode begun = api.post(path, request);
      String one = path + "/" + escaped(begun.path("id").asString());
      JsonNode made =
          new MakingWatch(api, "export", one, MakingWatch.bytes("done_bytes")).untilDone(begun);
      if (!made.path("status").asString().equals("succeeded")) {
        note("graft: " + made.path("error").asString("the export failed"));
        return 1;
      }
      Path file = out == null ? Path.of(made.path("filename").asString()).getFileName() : out;
      Archive.requireNew(file);
      Archive.fetched(
          api,
          one + "/content",
          made.path("sha256").asString(),
          file,
          arrived -> Files.move(arrived, file));
      show(made, file.toString());
      return 0;
    }
  }

  /** {@code graft adapters pull}: downloads an adapter, checks its digest and unpacks it. */
  @Command(
      name = "pull",
      description = "Download an adapter and unpack it to a directory for peft.")
  static final class PullAdapter extends ApiCommand {
    @Parameters(paramLabel = "ADAPTER_ID", description = "Id, or the model's name (ft:...).")
    private String id = "";

    @Option(names = "--out", paramLabel = "DIR", description = "New directory (./ADAPTER_ID).")
    private @Nullable Path out;

    @Override
    int run(GraftApi api) throws IOException {
      JsonNode adapter = api.get(AdaptersCommand.PATH + "/" + escaped(adapterId(api)));
      Path directory = out == null ? Path.of(adapter.path("id").asString()) : out;
      Archive.requireNew(directory);
      Archive.fetched(
          api,
          AdaptersCommand.PATH + "/" + adapter.path("id").asString() + "/content",
          adapter.path("sha256").asString(),
          directory,
          archive -> Archive.unpack(archive, directory));
      show(adapter, directory.toString());
      return 0;
    }

    private String adapterId(GraftApi api) {
      if (!id.startsWith("ft:")) return id;
      return list(api, AdaptersCommand.PATH, Integer.MAX_VALUE).stream()
          .filter(adapter -> id.equals(adapter.path("name").asString()))
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException("no adapter has the model name " + id))
          .path("id")
          .asString();
    }
  }
}
