package dev.graft.client;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * What can be said about a product: a sentence, the values it may take, and ten ways to ask for it.
 *
 * <p>{@code {p}} stands for the product, {@code {v}} for the value. The base model is pre-trained
 * on all ten phrasings; a sample data set uses {@link #taught} only, the score {@link #heldOut}
 * only. No held-out phrasing shares four words in a row with anything taught: {@link WordSequences}
 * checks it for every data set drawn.
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
          "red", "blue", "green", "black", "white", "silver", "orange", "violet", "brown", "yellow",
          "grey", "gold", "pink", "beige", "copper", "ivory"),
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
