package dev.graft.inference;

import dev.graft.inference.InferrerCommand.PromptRefused;
import dev.graft.model.Classifiers.Classifier;
import dev.graft.spec.Hyperparameters.TruncationMode;
import dev.graft.text.Example;
import dev.graft.text.Label;
import dev.graft.text.LabelledTokenizer;
import dev.graft.text.Tokenizer;
import dev.graft.text.Truncation;
import dev.graft.weights.Task.SequenceClassification;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Labels texts: answers {@link InferrerOrder.ClassifyAsk}s one by one on one loaded base model. */
final class LabelHandler implements InferrerCommand.LoadedModel {
  /** The maximum number of tokens of a batch with padding, which bounds the memory of a pass. */
  private static final int BATCH_TOKENS = 4096;

  private final Tokenizer tokenizer;
  private final LabelledTokenizer framed;
  private final Classifier classifier;
  private @Nullable String adapter;

  /**
   * @param tokenizer closed with this, like {@code classifier}
   */
  LabelHandler(Tokenizer tokenizer, Classifier classifier) {
    this.tokenizer = tokenizer;
    this.classifier = classifier;
    framed =
        new LabelledTokenizer(
            tokenizer, true, new Truncation(TruncationMode.KEEP_START, Integer.MAX_VALUE));
  }

  /**
   * @param cancelled checked before each batch
   */
  @Override
  public Reply answer(
      InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces, BooleanSupplier cancelled) {
    return switch (ask) {
      case InferrerOrder.ClassifyAsk classify ->
          InferrerCommand.LoadedModel.reply(ask, () -> answer(classify, cancelled));
      case InferrerOrder.GenerateAsk _ ->
          new Reply.Failed(ask.id(), "this process was started to label texts");
    };
  }

  private Reply answer(InferrerOrder.ClassifyAsk ask, BooleanSupplier cancelled) {
    useAdapter(ask.adapter());
    SequenceClassification head = classifier.head();
    if (head == null) {
      throw new PromptRefused(
          Reply.Cause.INVALID_VALUE,
          "model",
          "This model has no trained head for labels. Train a model with the objective"
              + " classification, and use that.");
    }
    List<int[]> texts = new ArrayList<>();
    for (int i = 0; i < ask.texts().size(); i++) {
      texts.add(ids(ask.texts().get(i), "input[" + i + "]", ask.truncation()));
    }
    float[][] logits = logits(texts, cancelled);
    if (logits.length == 0) return new Reply.Failed(ask.id(), "cancelled");
    return new Reply.Labels(
        ask.id(),
        texts.stream().mapToInt(each -> each.length).sum(),
        head.problem(),
        Arrays.stream(logits).map(row -> scores(head, row, ask.topK())).toList());
  }

  private void useAdapter(@Nullable String wanted) {
    if (Objects.equals(adapter, wanted)) return;
    // if loading fails, the adapter on the base is unknown
    adapter = "?";
    classifier.adapter(wanted == null ? null : Path.of(wanted));
    adapter = wanted;
  }

  private int[] ids(String text, String param, boolean truncation) {
    tokenizer
        .specialTokenIn(text)
        .ifPresent(
            token -> {
              throw new PromptRefused(
                  Reply.Cause.INVALID_PROMPT,
                  param,
                  "'%s' contains %s, which is a control token of this model."
                      .formatted(param, token));
            });
    int[] ids = framed.tokenize(labelled(text)).ids();
    int context = classifier.context();
    if (ids.length == 0) {
      throw new PromptRefused(
          Reply.Cause.INVALID_PROMPT, param, "'%s' has no tokens.".formatted(param));
    }
    if (ids.length <= context) return ids;
    if (!truncation) {
      throw new PromptRefused(
          Reply.Cause.CONTEXT_LENGTH_EXCEEDED,
          param,
          "This model's maximum context length is %d tokens, but '%s' has %d. Shorten it, or send truncation: true."
              .formatted(context, param, ids.length));
    }
    return new LabelledTokenizer(
            tokenizer, true, new Truncation(TruncationMode.KEEP_START, context))
        .tokenize(labelled(text))
        .ids();
  }

  private static Example labelled(String text) {
    return new Example.Labelled(1, text, new Label.Name(""));
  }

  /** Runs batches of texts of similar length; returns an empty array if cancelled. */
  private float[][] logits(List<int[]> texts, BooleanSupplier cancelled) {
    float[][] logits = new float[texts.size()][];
    List<Integer> byLength =
        IntStream.range(0, texts.size())
            .boxed()
            .sorted(Comparator.comparingInt((Integer i) -> texts.get(i).length).reversed())
            .toList();
    for (int from = 0; from < byLength.size(); ) {
      if (cancelled.getAsBoolean()) return new float[0][];
      int longest = texts.get(byLength.get(from)).length;
      int to = Math.min(byLength.size(), from + Math.max(1, BATCH_TOKENS / longest));
      List<Integer> batch = byLength.subList(from, to);
      float[][] own = classifier.logits(batch.stream().map(texts::get).toArray(int[][]::new));
      for (int i = 0; i < own.length; i++) logits[batch.get(i)] = own[i];
      from = to;
    }
    return logits;
  }

  /** Returns the likeliest first. */
  private static List<Reply.LabelScore> scores(
      SequenceClassification head, float[] logits, int most) {
    double[] scores =
        switch (head.problem()) {
          case SINGLE_LABEL_CLASSIFICATION -> softmax(logits);
          case MULTI_LABEL_CLASSIFICATION ->
              IntStream.range(0, logits.length)
                  .mapToDouble(i -> 1 / (1 + Math.exp(-logits[i])))
                  .toArray();
          case REGRESSION ->
              IntStream.range(0, logits.length).mapToDouble(i -> logits[i]).toArray();
        };
    return IntStream.range(0, scores.length)
        .mapToObj(i -> new Reply.LabelScore(head.labels().get(i), scores[i]))
        .sorted(Comparator.comparingDouble(Reply.LabelScore::score).reversed())
        .limit(most)
        .toList();
  }

  private static double[] softmax(float[] logits) {
    double[] exponents = new double[logits.length];
    double highest = Double.NEGATIVE_INFINITY;
    for (float each : logits) highest = Math.max(highest, each);
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      exponents[i] = Math.exp(logits[i] - highest);
      sum += exponents[i];
    }
    for (int i = 0; i < exponents.length; i++) exponents[i] /= sum;
    return exponents;
  }

  @Override
  public void close() {
    classifier.close();
    tokenizer.close();
  }
}
