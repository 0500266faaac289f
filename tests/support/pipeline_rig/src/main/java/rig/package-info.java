/**
 * The pipeline rig: runs one build of a Jenkinsfile, with shared libraries and a real shell, as strictly as Jenkins.
 *
 * <p>Sources are compiled with Jenkins' own transformation ({@code groovy-cps}) on Jenkins' Groovy, so that every
 * step suspends the script. A {@link rig.CompilerService} does it, which stays warm over many builds; each build runs
 * in a virtual machine of its own, and compiles again what the service refuses, to say what is wrong.
 *
 * <p>{@link rig.Build} owns one thread on which the script's {@link rig.Branch branches} run in turn; {@link rig.Dsl}
 * makes a {@link rig.StepCall} of a call, and a {@link rig.Step} carries it out, at once or later. Before every
 * asynchronous step the program is serialised, so that what Jenkins could not keep is found; after a restart the build
 * goes on with what is read from that, see {@link rig.SavedProgram}. A declarative pipeline is read into a {@link
 * rig.PipelineModel}, which {@code DeclarativeInterpreter.groovy} carries out with the steps of a scripted one. Builds
 * of one rig know of each other by what is {@link rig.Shared}.
 *
 * <p>What Jenkins only warns of, or does wrong in silence, is a {@link rig.Violation} and fails the build.
 *
 * <p>tests/support/pipeline.py is the way in: it writes the {@link rig.Request} and reads the {@link rig.Report}.
 */
package rig;
