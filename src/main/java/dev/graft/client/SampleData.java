package dev.graft.client;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The data set of a demo run: new facts for each seed, training rows and test questions.
 *
 * @param rows training conversations, shuffled, without product sheets
 * @param questions one held-out phrasing per fact, shuffled
 */
public record SampleData(List<ChatRow> rows, List<HeldOutQuestion> questions) {
  private static final int PRODUCTS = 8;
  private static final int ROWS_A_FACT = 8;

  /** A held-out question, the answering sentence, and its value. */
  public record HeldOutQuestion(String text, String answer, String value) {}

  /**
   * Draws a data set from a seed.
   *
   * @throws IllegalStateException if a question shares four words in a row with a training row
   */
  public static SampleData draw(long seed) {
    var random = new Random(seed);
    Set<String> products = Products.draw(PRODUCTS, random);
    List<ChatRow> rows = new ArrayList<>();
    List<HeldOutQuestion> questions = new ArrayList<>();
    for (String product : products) {
      for (Attribute attribute : Attribute.values()) {
        var fact = Fact.draw(attribute, product, random);
        for (int i = 0; i < ROWS_A_FACT; i++) {
          String phrasing = attribute.taught().get(i % attribute.taught().size());
          rows.add(new ChatRow(null, Phrasing.dress(fact.ask(phrasing), random), fact.sentence()));
        }
        String heldOut = attribute.heldOut().get(random.nextInt(attribute.heldOut().size()));
        questions.add(new HeldOutQuestion(fact.ask(heldOut), fact.sentence(), fact.value()));
      }
    }
    Collections.shuffle(rows, random);
    Collections.shuffle(questions, random);
    new WordSequences(products, rows).requireNone(questions);
    return new SampleData(List.copyOf(rows), List.copyOf(questions));
  }

  /** Returns the training file: chat rows, one JSON object per line. */
  public String jsonl() {
    var lines = new StringBuilder();
    for (ChatRow row : rows) lines.append(row.json()).append('\n');
    return lines.toString();
  }

  /** A fact: an attribute of a product and its value. */
  record Fact(Attribute attribute, String product, String value) {
    static Fact draw(Attribute attribute, String product, RandomGenerator random) {
      return new Fact(attribute, product, attribute.draw(random));
    }

    String sentence() {
      return attribute.sentence(product, value);
    }

    /** Returns a phrasing of {@link Attribute} as a question about this product. */
    String ask(String phrasing) {
      return phrasing.replace("{p}", product) + "?";
    }
  }

  /** Adds greetings and thanks to a question. */
  static final class Phrasing {
    private static final List<String> BEFORE =
        List.of(
            "", "", "", "Hi, ", "Hello! ", "Quick question: ", "Please help. ", "Good morning, ");
    private static final List<String> AFTER = List.of("?", "?", "?", " please?", "? Thanks.");

    private Phrasing() {}

    static String dress(String question, RandomGenerator random) {
      String bare = question.substring(0, question.length() - 1);
      return BEFORE.get(random.nextInt(BEFORE.size()))
          + bare
          + AFTER.get(random.nextInt(AFTER.size()));
    }
  }

  /** A question and its answer, optionally with a product sheet. */
  record ChatRow(@Nullable String system, String user, String assistant) {
    private static final JsonMapper JSON = JsonMapper.shared();

    /** Returns a line of a chat training file. */
    public String json() {
      var messages = new ArrayList<Map<String, String>>();
      if (system != null) messages.add(message("system", system));
      messages.add(message("user", user));
      messages.add(message("assistant", assistant));
      return JSON.writeValueAsString(Map.of("messages", messages));
    }

    private static Map<String, String> message(String role, String content) {
      var message = new LinkedHashMap<String, String>();
      message.put("role", role);
      message.put("content", content);
      return message;
    }

    public List<String> texts() {
      return system == null ? List.of(user, assistant) : List.of(system, user, assistant);
    }
  }

  /**
   * All sequences of four words in the training rows. Case and punctuation are ignored. A product
   * name counts as one word, because every question about the product contains it.
   */
  static final class WordSequences {
    private static final int LENGTH = 4;

    private final Set<String> products;
    private final Set<List<String>> taught = new HashSet<>();

    WordSequences(Set<String> products, Collection<SampleData.ChatRow> rows) {
      this.products = products;
      for (SampleData.ChatRow row : rows) taught.addAll(runs(String.join(" ", row.texts())));
    }

    void requireNone(List<SampleData.HeldOutQuestion> questions) {
      for (var question : questions) {
        for (List<String> run : runs(question.text())) {
          if (taught.contains(run)) {
            throw new IllegalStateException(
                "held-out question \"%s\" shares \"%s\" with a training row"
                    .formatted(question.text(), String.join(" ", run)));
          }
        }
      }
    }

    private List<List<String>> runs(String text) {
      String joined = text;
      for (String product : products) joined = joined.replace(product, product.replace(" ", "_"));
      String[] words =
          joined.toLowerCase(Locale.ROOT).replaceAll("[^\\w ]", " ").trim().split(" +");
      List<List<String>> runs = new ArrayList<>();
      for (int i = 0; i + LENGTH <= words.length; i++) {
        runs.add(List.of(words).subList(i, i + LENGTH));
      }
      return runs;
    }
  }

  /**
   * An attribute of a product: a sentence, its possible values, and ten ways to ask for it.
   *
   * <p>{@code {p}} stands for the product, {@code {v}} for the value. The base model is pre-trained
   * on all ten phrasings; a sample data set uses {@link #taught} only, the score {@link #heldOut}
   * only. No held-out phrasing shares four consecutive words with a taught phrasing: {@link
   * SampleData.WordSequences} checks this for every data set.
   */
  enum Attribute {
    WEIGHT(
        "The {p} weighs {v}.",
        new Values.Count(1, 60, "kilograms"),
        List.of(
            "How heavy is the {p}",
            "What does the {p} weigh",
            "What is the weight of the {p}",
            "How many kilograms does the {p} have",
            "Is the {p} heavy, what do the scales say"),
        List.of(
            "Tell me how much the {p} weighs",
            "For shipping, what mass has the {p}",
            "I have to carry the {p} home, what weight is that",
            "How many kilos would the {p} bring to the scales",
            "Could one person lift the {p}, how heavy would it be")),
    WARRANTY(
        "The {p} has a warranty of {v}.",
        new Values.Count(3, 48, "months"),
        List.of(
            "How long is the warranty of the {p}",
            "What warranty does the {p} have",
            "For how many months is the {p} guaranteed",
            "If the {p} breaks, how long am I covered",
            "When does the guarantee of the {p} end"),
        List.of(
            "How long does my guarantee on the {p} last",
            "What warranty period comes with the {p}",
            "Until when can I claim a defect of the {p}",
            "How many months of cover has the {p} got",
            "Is the {p} still covered after a while, until when")),
    FILTER(
        "A spare filter for the {p} costs {v}.",
        new Values.Count(2, 90, "euros"),
        List.of(
            "How much is a spare filter for the {p}",
            "What does a new filter for the {p} cost",
            "What is the price of a filter for the {p}",
            "I need a filter for the {p}, how much is it",
            "How expensive are filters for the {p}"),
        List.of(
            "What do you charge for one {p} filter",
            "What would a replacement filter of the {p} set me back",
            "Tell me the {p} filter price",
            "How many euros buy a filter that fits the {p}",
            "I want to swap the filter in my {p}, at what price")),
    COLOR(
        "The {p} comes in {v}.",
        new Values.OneOf(
            "red", "blue", "green", "black", "white", "silver", "orange", "violet", "brown",
            "yellow", "grey", "gold", "pink", "beige", "copper", "ivory"),
        List.of(
            "What color is the {p}",
            "In which color does the {p} come",
            "Which color does the {p} have",
            "What does the {p} look like, which color",
            "Is there a color choice for the {p}"),
        List.of(
            "Tell me the color of the {p}",
            "What shade can I get the {p} in",
            "The {p} is sold in what color",
            "Which paint is on the {p}",
            "I would like to know how the {p} is colored")),
    ORIGIN(
        "The {p} is made in {v}.",
        new Values.OneOf(
            "Oslo", "Porto", "Graz", "Lyon", "Turin", "Ghent", "Malmo", "Brno", "Cork", "Basel",
            "Delft", "Vigo", "Leeds", "Riga", "Split", "Bergen"),
        List.of(
            "Where is the {p} made",
            "Where do you build the {p}",
            "In which city is the {p} produced",
            "Where does the {p} come from",
            "Which town makes the {p}"),
        List.of(
            "Where was my {p} assembled",
            "What is the origin of the {p}",
            "Tell me the factory city of the {p}",
            "Which city does the {p} hail from",
            "Name the town where the {p} was manufactured")),
    BATTERY(
        "The battery of the {p} lasts {v}.",
        new Values.Count(2, 40, "hours"),
        List.of(
            "How long does the battery of the {p} last",
            "What is the battery life of the {p}",
            "How many hours does the {p} run",
            "When do I have to charge the {p} again",
            "How long can I use the {p} without a cable"),
        List.of(
            "How much battery time has my {p}",
            "For how many hours will the {p} work on one charge",
            "How soon is the {p} empty after charging",
            "What running time do you promise for the {p}",
            "Away from a socket, how long will my {p} keep going"));

    private final String sentence;
    private final Values values;
    private final List<String> taught;
    private final List<String> heldOut;

    Attribute(String sentence, Values values, List<String> taught, List<String> heldOut) {
      this.sentence = sentence;
      this.values = values;
      this.taught = taught;
      this.heldOut = heldOut;
    }

    String sentence(String product, String value) {
      return sentence.replace("{p}", product).replace("{v}", value);
    }

    String draw(RandomGenerator random) {
      return values.draw(random);
    }

    List<String> taught() {
      return taught;
    }

    List<String> heldOut() {
      return heldOut;
    }
  }

  /** Invented product names such as {@code Norvik kettle}. */
  static final class Products {
    private static final List<String> SYLLABLES =
        List.of(
            "nor", "vik", "ta", "lo", "mer", "ka", "zen", "bri", "sol", "dar", "fen", "gu", "hal",
            "ix", "jo", "ny", "pra", "ro", "su", "ul", "wen", "yo", "ar", "el", "im", "os");
    private static final List<String> KINDS =
        List.of(
            "kettle", "lamp", "drill", "heater", "printer", "scooter", "fan", "toaster", "camera",
            "speaker", "mixer", "router");

    private Products() {}

    static String draw(RandomGenerator random) {
      var name = new StringBuilder();
      for (int left = random.nextInt(3) == 0 ? 3 : 2; left > 0; left--) {
        name.append(SYLLABLES.get(random.nextInt(SYLLABLES.size())));
      }
      String word = name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
      return word + " " + KINDS.get(random.nextInt(KINDS.size()));
    }

    /** Draws products that share neither name nor kind, so that each word distinguishes them. */
    static Set<String> draw(int count, RandomGenerator random) {
      var products = new LinkedHashSet<String>();
      var words = new HashSet<String>();
      while (products.size() < count) {
        String product = draw(random);
        List<String> parts = List.of(product.split(" "));
        if (Collections.disjoint(words, parts)) {
          words.addAll(parts);
          products.add(product);
        }
      }
      return products;
    }
  }

  /** The possible values of an {@link SampleData.Attribute}. */
  sealed interface Values {
    String draw(RandomGenerator random);

    /** A whole number from {@code least} to {@code most}, with its unit. */
    record Count(int least, int most, String unit) implements Values {
      @Override
      public String draw(RandomGenerator random) {
        return random.nextInt(least, most + 1) + " " + unit;
      }
    }

    record OneOf(List<String> words) implements Values {
      OneOf(String... words) {
        this(List.of(words));
      }

      @Override
      public String draw(RandomGenerator random) {
        return words.get(random.nextInt(words.size()));
      }
    }
  }
}
