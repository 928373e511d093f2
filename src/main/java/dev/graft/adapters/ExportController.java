package dev.graft.adapters;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobDownload;
import dev.graft.artifacts.BlobRef;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.ExportForm;
import dev.graft.spec.ExportForm.Combination;
import dev.graft.spec.ExportForm.Combination.MajoritySign;
import dev.graft.spec.ExportForm.CombinationType;
import dev.graft.spec.ExportForm.GgufType;
import dev.graft.spec.ExportForm.Kind;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.Resource;
import org.springframework.data.domain.Limit;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/** Exports of a department's own adapters. */
@RestController
class ExportController {
  private static final String ALL = "/v1/adapters/{id}/exports";
  private static final String ONE = ALL + "/{export}";
  private static final MediaType GZIP = MediaType.parseMediaType("application/gzip");

  private final ExportDesk desk;
  private final AdapterExports exports;
  private final ExportSources sources;
  private final Adapters adapters;
  private final ArtifactStore store;
  private final AuditLog audit;

  ExportController(
      ExportDesk desk,
      AdapterExports exports,
      ExportSources sources,
      Adapters adapters,
      ArtifactStore store,
      AuditLog audit) {
    this.desk = desk;
    this.exports = exports;
    this.sources = sources;
    this.adapters = adapters;
    this.store = store;
    this.audit = audit;
  }

  /** Starts an export, or returns the equal one that exists. */
  @PostMapping(ALL)
  AdapterExportObject create(
      @AuthenticationPrincipal Caller caller, @PathVariable String id, @RequestBody NewExport body)
      throws IOException {
    Adapter adapter = require(caller, id);
    ExportForm form = body.read(adapter, sources.hubName(adapter));
    Optional<AdapterExport> made = exports.equal(adapter, form);
    if (made.isPresent()) return made.get().view();
    sources.require(adapter, form);
    return desk.add(adapter, form).view();
  }

  /** Newest first. */
  @GetMapping(ALL)
  CursorPage<AdapterExportObject> list(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    Adapter adapter = require(caller, id);
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        exports.page(
            adapter.departmentId(), adapter.id(), page.after(), Limit.of(page.limit() + 1)),
        page,
        AdapterExport::view,
        AdapterExportObject::id);
  }

  @GetMapping(ONE)
  AdapterExportObject get(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @PathVariable String export) {
    return require(caller, id, export).view();
  }

  /** Also stops an export in progress. */
  @DeleteMapping(ONE)
  DeletedObject delete(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @PathVariable String export) {
    desk.delete(require(caller, id, export));
    return new DeletedObject(export, "adapter.export.deleted", true);
  }

  @GetMapping(ONE + "/content")
  ResponseEntity<Resource> content(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @PathVariable String export,
      HttpMethod method,
      @RequestHeader HttpHeaders request) {
    AdapterExport found = require(caller, id, export);
    BlobRef content = found.content();
    if (content == null) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "The export '%s' is %s.".formatted(export, found.state()),
          "export");
    }
    MediaType type = found.filename().endsWith(".gguf") ? MediaType.APPLICATION_OCTET_STREAM : GZIP;
    ResponseEntity<Resource> answer =
        BlobDownload.of(store, content, found.filename(), type, method, request);
    if (BlobDownload.begins(method, answer)) {
      audit.write(
          "adapter.export.downloaded",
          caller.departmentId(),
          id,
          Map.of("export", export, "form", found.form().kind().wireName()));
    }
    return answer;
  }

  private Adapter require(Caller caller, String id) {
    return adapters
        .find(caller.departmentId(), id)
        .orElseThrow(() -> RequestFailed.notFound("adapter", id));
  }

  private AdapterExport require(Caller caller, String id, String export) {
    return exports
        .findByDepartmentIdAndAdapterIdAndId(require(caller, id).departmentId(), id, export)
        .orElseThrow(() -> RequestFailed.notFound("export of this adapter", export));
  }

  /** An export in API responses. */
  record AdapterExportObject(
      String id,
      String object,
      String adapterId,
      String form,
      JsonNode options,
      String status,
      long doneBytes,
      @Nullable Long totalBytes,
      String filename,
      @Nullable Long bytes,
      @Nullable String sha256,
      @Nullable String error,
      long createdAt,
      @Nullable Long finishedAt) {}

  /**
   * The body of a request for a form.
   *
   * @param maxShardSize such as {@code 5GB}, as transformers has it
   */
  record NewExport(
      @Nullable String form,
      @Nullable String type,
      @Nullable String maxShardSize,
      @Nullable String base,
      @Nullable String name,
      @Nullable NewCombination combination) {
    private static final String USUAL_SHARD = "5GB";
    private static final Pattern SIZE = Pattern.compile("([1-9][0-9]{0,5})(KB|MB|GB|KiB|MiB|GiB)");
    private static final Pattern BASE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}");

    /**
     * @param hubName name of the base on its hub, or its name here
     * @throws RequestFailed that names the wrong field
     */
    ExportForm read(Adapter adapter, String hubName) {
      Kind kind =
          choice(RequestFailed.required(form, "form"), "form", Kind.values(), Kind::wireName);
      refuseOthers(kind);
      return switch (kind) {
        case MERGED -> new ExportForm.Merged(shard());
        case MERGED_GGUF -> new ExportForm.MergedGguf(gguf());
        case ADAPTER_GGUF -> new ExportForm.AdapterGguf();
        case PLAIN_LORA -> new ExportForm.PlainFactors();
        case VLLM -> {
          String served = checked(base, "base", BASE);
          String called = checked(name, "name", NAME);
          yield new ExportForm.Vllm(
              served == null ? hubName : served,
              called == null ? adapter.name().replaceAll("[^A-Za-z0-9._:@-]", "-") : called);
        }
        case OLLAMA -> new ExportForm.Ollama(gguf(), checked(base, "base", BASE));
        case COMBINED ->
            new ExportForm.Combined(
                RequestFailed.required(combination, "combination").read(adapter));
      };
    }

    private void refuseOthers(Kind kind) {
      Set<String> known =
          switch (kind) {
            case MERGED -> Set.of("max_shard_size");
            case MERGED_GGUF -> Set.of("type");
            case ADAPTER_GGUF, PLAIN_LORA -> Set.of();
            case VLLM -> Set.of("base", "name");
            case OLLAMA -> base == null ? Set.of("type") : Set.of("base");
            case COMBINED -> Set.of("combination");
          };
      refuse(kind, known, "type", type);
      refuse(kind, known, "max_shard_size", maxShardSize);
      refuse(kind, known, "base", base);
      refuse(kind, known, "name", name);
      refuse(kind, known, "combination", combination);
    }

    private void refuse(Kind kind, Set<String> known, String field, @Nullable Object value) {
      if (value == null || known.contains(field)) return;
      String ground = kind == Kind.OLLAMA && base != null ? " with an Ollama base" : "";
      throw RequestFailed.invalid(
          field, "The form %2$s%3$s has no option %1$s.".formatted(field, kind.wireName(), ground));
    }

    private long shard() {
      Matcher size = SIZE.matcher(maxShardSize == null ? USUAL_SHARD : maxShardSize);
      if (!size.matches()) {
        throw RequestFailed.invalid(
            "max_shard_size", "max_shard_size must be a size such as 500MB, 5GB or 2GiB.");
      }
      long unit =
          switch (size.group(2)) {
            case "KB" -> 1_000;
            case "MB" -> 1_000_000;
            case "GB" -> 1_000_000_000;
            case "KiB" -> 1L << 10;
            case "MiB" -> 1L << 20;
            default -> 1L << 30;
          };
      return Long.parseLong(size.group(1)) * unit;
    }

    private GgufType gguf() {
      return type == null
          ? GgufType.F16
          : choice(type, "type", GgufType.values(), GgufType::wireName);
    }

    static <E extends Enum<E>> E choice(
        String value, String field, E[] constants, Function<E, String> name) {
      return Arrays.stream(constants)
          .filter(each -> name.apply(each).equals(value))
          .findFirst()
          .orElseThrow(
              () ->
                  RequestFailed.invalid(
                      field,
                      "%s must be one of %s."
                          .formatted(
                              field,
                              Arrays.stream(constants)
                                  .map(name)
                                  .collect(Collectors.joining(", ")))));
    }

    private static @Nullable String checked(@Nullable String value, String field, Pattern form) {
      if (value == null || (form.matcher(value).matches() && !value.contains(".."))) return value;
      throw RequestFailed.invalid(
          field, "%s must be the name of a model, of at most 200 characters.".formatted(field));
    }
  }

  /**
   * The options of a combined form, in PEFT's names.
   *
   * @param adapters ids of the other adapters
   * @param weights of the adapter in the path, then of the others
   */
  record NewCombination(
      @Nullable List<String> adapters,
      @Nullable List<Double> weights,
      @Nullable String combinationType,
      @Nullable Double density,
      @Nullable String majoritySignMethod,
      @Nullable Integer svdRank,
      @Nullable Integer seed) {
    private static final String FIELD = "combination.";
    private static final int MOST = 8;
    private static final int MOST_RANK = 1024;

    /**
     * @throws RequestFailed that names the wrong field
     */
    Combination read(Adapter first) {
      CombinationType type =
          combinationType == null
              ? CombinationType.SVD
              : ExportController.NewExport.choice(
                  combinationType,
                  FIELD + "combination_type",
                  CombinationType.values(),
                  CombinationType::wireName);
      refuseOthers(type);
      List<String> others = others(first);
      return new Combination(
          type,
          others,
          weightsOf(others.size() + 1),
          type.prunes() ? kept() : 1,
          majoritySignMethod == null
              ? MajoritySign.TOTAL
              : ExportController.NewExport.choice(
                  majoritySignMethod,
                  FIELD + "majority_sign_method",
                  MajoritySign.values(),
                  MajoritySign::wireName),
          svdRank,
          seed == null ? 0 : seed);
    }

    private void refuseOthers(CombinationType type) {
      refuse(type, type.prunes(), "density", density);
      refuse(type, type.elects(), "majority_sign_method", majoritySignMethod);
      refuse(type, type.decomposes(), "svd_rank", svdRank);
      refuse(type, type.draws(), "seed", seed);
      if (svdRank != null && (svdRank < 1 || svdRank > MOST_RANK)) {
        throw invalid("svd_rank", "svd_rank must be between 1 and %d.".formatted(MOST_RANK));
      }
    }

    private static void refuse(
        CombinationType type, boolean known, String field, @Nullable Object value) {
      if (value == null || known) return;
      throw invalid(field, "%2$s has no option %1$s.".formatted(field, type.wireName()));
    }

    private List<String> others(Adapter first) {
      List<String> others = adapters == null ? List.of() : adapters;
      Set<String> all = new HashSet<>(others);
      all.add(first.id());
      all.remove(null);
      if (others.isEmpty() || others.size() > MOST || all.size() != others.size() + 1) {
        throw invalid(
            "adapters", "adapters must be the ids of 1 to %d other adapters.".formatted(MOST));
      }
      return others;
    }

    private List<Double> weightsOf(int count) {
      List<Double> given = weights == null ? List.of() : weights;
      if (given.size() == count && given.stream().allMatch(NewCombination::isWeight)) return given;
      throw invalid(
          "weights",
          "weights must be %d numbers between -100 and 100: one for this adapter, then one for each other."
              .formatted(count));
    }

    private static boolean isWeight(@Nullable Double weight) {
      return weight != null && Math.abs(weight) <= 100;
    }

    private double kept() {
      double share = Objects.requireNonNullElse(density, 0.0);
      if (share > 0 && share <= 1) return share;
      throw invalid("density", "density, the fraction of values that are kept, must be in (0, 1].");
    }

    private static RequestFailed invalid(String field, String message) {
      return RequestFailed.invalid(FIELD + field, message);
    }
  }
}
