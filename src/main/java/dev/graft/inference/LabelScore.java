package dev.graft.inference;

/**
 * @param label name of a class
 * @param score its probability; of a regression the number itself
 */
record LabelScore(String label, double score) {}
