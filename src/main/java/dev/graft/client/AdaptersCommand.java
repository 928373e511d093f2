package dev.graft.client;

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

/** {@code graft adapters}: what jobs have made. */
@Command(
    name = "adapters",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(list | show | pull | export | combine | link | delete)",
    description = "Find the adapters on a server, fetch and delete them.",
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

  @Command(name = "list", description = "Adapters, newest first, or those that are searched for.")
  static final class ListAll extends ListCommand {
    @Option(names = "--name", paramLabel = "TEXT", description = "In the model's name.")
    private @Nullable String name;

    @Option(names = "--base", paramLabel = "MODEL", description = "Of this base model.")
    private @Nullable String base;

    @Option(names = "--method", description = "Of this method, such as LORA or full.")
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

  @Command(name = "show", description = "Everything about an adapter.")
  static final class Show extends ShowCommand {
    Show() {
      super(PATH);
    }
  }

  @Command(
      name = "link",
      description = "Make a link by which whoever has it fetches the adapter, without a key.")
  static final class Link extends ApiCommand {
    @Parameters(paramLabel = "ADAPTER_ID")
    private String id = "";

    @Option(
        names = "--expires",
        paramLabel = "SECONDS",
        defaultValue = "3600",
        description = "How long it lives, up to 7 days (${DEFAULT-VALUE}).")
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

  @Command(name = "delete", description = "Delete an adapter; its files are gone for good.")
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
      description = "Have the server make one LoRA of several adapters of one base, and fetch it.")
  static final class CombineAdapters extends ExportCommand {
    @Parameters(paramLabel = "ADAPTER_ID", arity = "2..9", description = "Their ids.")
    private List<String> ids = List.of();

    @Option(
        names = "--weights",
        required = true,
        split = ",",
        paramLabel = "NUMBER",
        description = "One of each adapter, such as 0.5,0.5; a negative one takes away.")
    private List<Double> weights = List.of();

    @Option(
        names = "--type",
        defaultValue = "svd",
        paramLabel = "TYPE",
        description =
            "PEFT's combination_type (${DEFAULT-VALUE}): svd, linear, cat, ties, dare_linear,"
                + " dare_ties or magnitude_prune; the last four also with _svd at the end.")
    private String type = "";

    @Option(
        names = "--density",
        paramLabel = "SHARE",
        description = "Of the numbers that stay, for ties, dare and magnitude_prune.")
    private @Nullable Double density;

    @Option(names = "--majority-sign", paramLabel = "total|frequency", description = "Of ties.")
    private @Nullable String majoritySign;

    @Option(
        names = "--svd-rank",
        paramLabel = "RANK",
        description = "Of the result of a type with svd; the largest of theirs unless given.")
    private @Nullable Integer svdRank;

    @Option(names = "--seed", paramLabel = "N", description = "Of what dare drops (0).")
    private @Nullable Integer seed;

    @Override
    int run(GraftApi api) throws IOException {
      ObjectNode asked = object().put("form", "combined");
      ObjectNode combination = asked.putObject("combination").put("combination_type", type);
      ids.subList(1, ids.size()).forEach(combination.putArray("adapters")::add);
      weights.forEach(combination.putArray("weights")::add);
      if (density != null) combination.put("density", density);
      if (majoritySign != null) combination.put("majority_sign_method", majoritySign);
      if (svdRank != null) combination.put("svd_rank", svdRank);
      if (seed != null) combination.put("seed", seed);
      return fetched(api, ids.getFirst(), asked);
    }
  }

  /** {@code graft adapters export}. */
  @Command(
      name = "export",
      description = "Have the server make another form of an adapter, wait for it and fetch it.")
  static final class ExportAdapter extends ExportCommand {
    @Parameters(paramLabel = "ADAPTER_ID", description = "Its id.")
    private String id = "";

    @Option(
        names = "--form",
        required = true,
        paramLabel = "FORM",
        description = "merged, merged_gguf, adapter_gguf, plain_lora, vllm or ollama.")
    private String form = "";

    @Option(names = "--type", paramLabel = "f16|q8_0", description = "Of a merged GGUF file.")
    private @Nullable String type;

    @Option(
        names = "--max-shard-size",
        paramLabel = "SIZE",
        description = "Of merged: bytes of a file of weights, such as 500MB; 5GB unless given.")
    private @Nullable String maxShardSize;

    @Option(
        names = "--base",
        paramLabel = "MODEL",
        description = "The base as vLLM is started with it, or as Ollama calls it.")
    private @Nullable String base;

    @Option(names = "--name", paramLabel = "NAME", description = "What clients of vLLM ask for.")
    private @Nullable String name;

    @Override
    int run(GraftApi api) throws IOException {
      ObjectNode asked = object().put("form", form);
      if (type != null) asked.put("type", type);
      if (maxShardSize != null) asked.put("max_shard_size", maxShardSize);
      if (base != null) asked.put("base", base);
      if (name != null) asked.put("name", name);
      return fetched(api, id, asked);
    }
  }

  /** Has the server make a form of an adapter, and fetches it. */
  abstract static class ExportCommand extends ApiCommand {
    @Option(names = "--out", paramLabel = "FILE", description = "A new file; else its own name.")
    private @Nullable Path out;

    final int fetched(GraftApi api, String adapter, ObjectNode asked) throws IOException {
      if (out != null) Archive.requireNew(out);
      String path = AdaptersCommand.PATH + "/" + escaped(adapter) + "/exports";
      JsonNode begun = api.post(path, asked);
      String one = path + "/" + escaped(begun.path("id").asString());
      JsonNode made = new MakingWatch(api, "export", one, "done_bytes").untilDone(begun);
      if (!made.path("status").asString().equals("succeeded")) {
        note("graft: " + made.path("error").asString("it was not made"));
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

  /** {@code graft adapters pull}: an archive, checked by its digest, as a directory. */
  @Command(
      name = "pull",
      description = "Fetch an adapter and unpack it into a directory that peft reads.")
  static final class PullAdapter extends ApiCommand {
    @Parameters(paramLabel = "ADAPTER_ID", description = "Its id, or the model's name (ft:...).")
    private String id = "";

    @Option(
        names = "--out",
        paramLabel = "DIR",
        description = "A new directory; else ./ADAPTER_ID.")
    private @Nullable Path out;

    @Override
    int run(GraftApi api) throws IOException {
      JsonNode adapter = api.get(AdaptersCommand.PATH + "/" + escaped(found(api)));
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

    private String found(GraftApi api) {
      if (!id.startsWith("ft:")) return id;
      return list(api, AdaptersCommand.PATH, Integer.MAX_VALUE).stream()
          .filter(adapter -> id.equals(adapter.path("name").asString()))
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException("no adapter is the model " + id))
          .path("id")
          .asString();
    }
  }
}
