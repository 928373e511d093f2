package dev.graft.datasets;

import dev.graft.artifacts.hub.HubRepository;
import dev.graft.platform.RequestFailed;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A parsed source. {@link AllowedSources} decides whether it may be imported. */
sealed interface ImportSource {
  int LONGEST = 1200;
  Pattern OBJECT = Pattern.compile("s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/([^\\p{C}\\\\]+)");

  NamePattern names();

  /** The data set or the bucket, for a name. */
  String whose();

  record OfHub(HubRepository repository, NamePattern names) implements ImportSource {
    @Override
    public String whose() {
      return repository.id().substring(repository.id().indexOf('/') + 1);
    }
  }

  record OfBucket(String bucket, NamePattern names) implements ImportSource {
    @Override
    public String whose() {
      return bucket;
    }
  }

  /**
   * @throws RequestFailed if it is none
   */
  static ImportSource parse(String text) {
    if (text.length() > LONGEST) throw none();
    if (text.startsWith("hf:")) {
      HubRepository repository = HubRepository.parseDataSet(text);
      return new OfHub(repository, new NamePattern(String.valueOf(repository.file())));
    }
    Matcher object = OBJECT.matcher(text);
    if (!object.matches()) throw none();
    String key = object.group(2);
    String[] parts = key.split("/", -1);
    for (int i = 0; i < parts.length; i++) {
      boolean star = parts[i].contains("*") && i < parts.length - 1;
      if (star || parts[i].isEmpty() || parts[i].matches("\\.{1,2}")) throw none();
    }
    return new OfBucket(object.group(1), new NamePattern(key));
  }

  private static RequestFailed none() {
    return RequestFailed.invalid(
        "source",
        "A source must be hf://datasets/organization/name@revision/FILE or s3://bucket/KEY; only the"
            + " last part of FILE and KEY may contain *, and no part may be empty, . or ..");
  }

  /**
   * A pattern of file names.
   *
   * @param path of one file, or with {@code *} in its last part, which stands for any characters
   *     but a slash
   */
  record NamePattern(String path) {
    private static final int MOST_STARS = 2;
    private static final String ENDING =
        "(?i)\\.(jsonl|ndjson|json|csv|tsv|parquet)(\\.(gz|zst|zstd))?$";
    private static final Pattern DATA = Pattern.compile(ENDING);

    public NamePattern {
      if (!DATA.matcher(path).find()) {
        throw RequestFailed.invalid(
            "source",
            "A source must end like the names of its files: with .jsonl, .csv, .tsv or .parquet, and"
                + " optionally .gz or .zst.");
      }
      if (path.chars().filter(c -> c == '*').count() > MOST_STARS) {
        throw RequestFailed.invalid("source", "A source may contain at most two *.");
      }
    }

    boolean isOne() {
      return path.indexOf('*') < 0;
    }

    /** What all of them begin with. */
    String beginning() {
      return isOne() ? path : path.substring(0, path.indexOf('*'));
    }

    boolean matches(String name) {
      String expression = "\\Q" + path.replace("*", "\\E[^/]*\\Q") + "\\E";
      return name.matches(expression);
    }

    /**
     * What the file is called that is made of them.
     *
     * @param whose where the pattern itself says nothing
     */
    String filename(String whose) {
      String last = path.substring(path.lastIndexOf('/') + 1);
      if (isOne()) return last;
      String stem =
          last.replaceFirst(ENDING, "").replace("*", "").replaceAll("^[-_.]+|[-_.]+$", "");
      return rows(stem.isEmpty() ? whose : stem);
    }

    /** A name for rows that were joined. */
    static String rows(String name) {
      return name.replaceFirst(ENDING, "") + ".jsonl";
    }
  }
}
