/**
 * The {@code graft} program: {@link dev.graft.cli.GraftCommand} is where it begins and the command
 * that holds all others; beside it is what they share, such as the report of a failure.
 *
 * <p>A command that only runs what one module offers lives in that module, with it: those of a
 * client in {@link dev.graft.client}, those on files of this machine in {@link dev.graft.training}.
 * Here are the commands that put modules together: those that start the Spring application in this
 * package, and {@link dev.graft.cli.doctor}. {@code trainer}, {@code exporter}, {@code inferrer}
 * and {@code libtorch-check} are children of others, not for people.
 *
 * <p>How they start fast: a call loads the command that it names alone ({@code CalledCommand}), and
 * the launchers give the JVM an AOT cache of the classes that it will need ({@code
 * bin/make-aot-cache}). Without a cache, or with one that does not fit any more, it starts anyway.
 *
 * <p>How they fail: in one line on standard error, and by exit status: 1 failed, 2 wrong request, 3
 * the machine lacks something, said with its cure ({@code FailureReport}). Results alone go to
 * standard output.
 */
@NullMarked
package dev.graft.cli;

import org.jspecify.annotations.NullMarked;
