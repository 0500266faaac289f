// Says what BuildKit makes of Dockerfiles: {"name": "base64 of the file", ...} on standard input, and on standard output
// for each name its stages and what they take from, or why it is refused and in which line.
//
// What dockerfile2llb does before it asks a registry is repeated here in its order, with its functions where they are
// public; the names are its own.
package main

import (
	"bytes"
	_ "crypto/sha256" // digests of images have these, as they have in BuildKit itself
	_ "crypto/sha512"
	"encoding/json"
	"errors"
	"log"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

const emptyImageName = "scratch"

type Stage struct {
	Index    int     `json:"index"`
	Name     *string `json:"name"`
	Base     string  `json:"base"`
	Platform *string `json:"platform"`
	StageRef *int    `json:"stage_ref"`
	Line     int     `json:"line"`
}

type Source struct {
	Stage    int    `json:"stage"`
	Base     string `json:"base"`
	StageRef *int   `json:"stage_ref"`
	Line     int    `json:"line"`
}

type Outcome struct {
	Stages  []Stage  `json:"stages,omitempty"`
	Sources []Source `json:"sources,omitempty"`
	Refused string   `json:"refused,omitempty"`
	Line    int      `json:"line,omitempty"`
}

func main() {
	var files map[string][]byte
	if err := json.NewDecoder(os.Stdin).Decode(&files); err != nil {
		log.Fatal(err)
	}
	outcomes := map[string]Outcome{}
	for name, content := range files {
		outcomes[name] = read(content)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(outcomes); err != nil {
		log.Fatal(err)
	}
}

func read(content []byte) Outcome {
	g := &graph{byName: map[string]*state{}}
	if err := g.read(content); err != nil {
		return Outcome{Refused: err.Error(), Line: line(err)}
	}
	var outcome Outcome
	for _, s := range g.stages {
		stage := Stage{Index: *s.index, Base: s.stage.BaseName, Line: s.stage.Location[0].Start.Line}
		if s.stage.Name != "" {
			stage.Name = &s.stage.Name
		}
		if s.stage.Platform != "" {
			stage.Platform = &s.stage.Platform
		}
		if s.base != nil {
			stage.StageRef = s.base.index
		}
		outcome.Stages = append(outcome.Stages, stage)
		for _, t := range append(s.inherited, s.taken...) {
			base := t.text
			if t.from.index == nil {
				base = t.from.stage.BaseName
			}
			if t.text != "" {
				outcome.Sources = append(outcome.Sources, Source{*s.index, base, t.from.index, t.location[0].Start.Line})
			}
		}
	}
	return outcome
}

// line returns the innermost line of an error. The parser counts from 0 where it refuses a directive, and names the line
// before one that is too long and the last one of a file without instructions.
func line(err error) int {
	var located *parser.LocationError
	if !errors.As(err, &located) || len(located.Locations[0]) == 0 {
		return 0
	}
	number := located.Locations[0][0].Start.Line
	switch {
	case strings.Contains(err.Error(), "file with no instructions"):
		return 0
	case regexp.MustCompile(`parser directive can be used|invalid escape token|line greater than max`).MatchString(err.Error()):
		return number + 1
	}
	return number
}

// state is dockerfile2llb's dispatchState: a stage, or an image that one takes from.
type state struct {
	stage     instructions.Stage
	index     *int
	base      *state
	taken     []taken
	inherited []taken
	triggered bool
}

type taken struct {
	text     string
	from     *state
	location []parser.Range
}

type graph struct {
	shlex  *shell.Lex
	stages []*state
	states []*state
	byName map[string]*state
}

func (g *graph) read(content []byte) error {
	if len(content) == 0 {
		return errors.New("the Dockerfile cannot be empty")
	}
	options, _, location, _ := parser.ParseDirective("check", content)
	lint, err := linter.ParseLintOptions(options)
	if err != nil {
		return parser.WithLocation(err, location)
	}
	dockerfile, err := parser.Parse(bytes.NewReader(content))
	if err != nil {
		return err
	}
	stages, metaArgs, err := instructions.Parse(dockerfile.AST, linter.New(lint))
	if err != nil {
		return err
	}
	if len(stages) == 0 {
		return errors.New("dockerfile contains no stages to build")
	}
	g.shlex = shell.NewLex(dockerfile.EscapeToken)
	args, err := g.args(metaArgs, stages[len(stages)-1].Name)
	if err != nil {
		return err
	}
	for index, stage := range stages {
		if err := g.expand(&stage, args); err != nil {
			return parser.WithLocation(err, stage.Location)
		}
		s := &state{stage: stage, index: &index}
		g.stages = append(g.stages, s)
		g.add(s)
	}
	return g.connect()
}

// env is a list in which later values go before earlier ones.
type env map[string]string

func (e env) Get(key string) (string, bool) {
	value, ok := e[key]
	return value, ok
}

func (e env) Keys() []string { return nil }

// args does what defaultArgs and buildMetaArgs do, on and for linux/amd64.
func (g *graph) args(commands []instructions.ArgCommand, target string) (env, error) {
	if target == "" {
		target = "default"
	}
	args := env{"TARGETSTAGE": target}
	for _, side := range []string{"BUILD", "TARGET"} {
		args[side+"PLATFORM"], args[side+"OS"], args[side+"ARCH"] = "linux/amd64", "linux", "amd64"
		args[side+"OSVERSION"], args[side+"VARIANT"] = "", ""
	}
	for _, command := range commands {
		for _, pair := range command.Args {
			if pair.Value != nil {
				value, _, err := g.shlex.ProcessWord(*pair.Value, args)
				if err != nil {
					return nil, parser.WithLocation(err, command.Location())
				}
				args[pair.Key] = value
			}
		}
	}
	return args, nil
}

// expand does what buildDispatchStates does.
func (g *graph) expand(stage *instructions.Stage, args env) error {
	base, _, err := g.shlex.ProcessWord(stage.BaseName, args)
	if err != nil {
		return err
	}
	if base == "" {
		return errors.New("base name should not be blank")
	}
	stage.BaseName = base
	if stage.Platform == "" {
		return nil
	}
	platform, _, err := g.shlex.ProcessWord(stage.Platform, args)
	if err != nil {
		return err
	}
	if platform == "" {
		return errors.New("empty platform value")
	}
	stage.Platform = platform
	_, err = platforms.Parse(platform)
	return err
}

// add is addState.
func (g *graph) add(s *state) {
	g.states = append(g.states, s)
	s.base = g.byName[s.stage.BaseName]
	if s.stage.Name != "" {
		g.byName[strings.ToLower(s.stage.Name)] = s
	}
}

// connect does what buildStageDependencyGraph, validateCircularDependency, resolveStages and dispatchStages do.
func (g *graph) connect() error {
	for _, s := range g.stages {
		for _, command := range s.stage.Commands {
			found, err := g.take(command)
			if err != nil {
				return err
			}
			s.taken = append(s.taken, found...)
		}
	}
	if err := g.refuseCircles(); err != nil {
		return err
	}
	for again := true; again; {
		var err error
		if again, err = g.resolve(); err != nil {
			return err
		}
	}
	return g.refuseLaterStages()
}

// take is toCommand and detectRunMount, with the command's location on all that it refuses.
func (g *graph) take(command instructions.Command) ([]taken, error) {
	var found []taken
	switch c := command.(type) {
	case *instructions.CopyCommand:
		if c.From == "" {
			return nil, nil
		}
		from, err := g.copied(c)
		if err != nil {
			return nil, parser.WithLocation(err, c.Location())
		}
		found = append(found, taken{c.From, from, c.Location()})
	case *instructions.RunCommand:
		for _, mount := range instructions.GetMounts(c) {
			name := mount.From
			if name == "" {
				name = emptyImageName
			}
			found = append(found, taken{mount.From, g.named(name, c.Location()), c.Location()})
		}
	}
	for _, t := range found {
		if t.from.index == nil {
			g.add(t.from)
		}
	}
	return found, nil
}

func (g *graph) copied(c *instructions.CopyCommand) (*state, error) {
	expanded, _, err := g.shlex.ProcessWord(c.From, shell.EnvsFromSlice(nil))
	if err != nil {
		return nil, err
	}
	if expanded != c.From {
		return nil, errors.New("variable expansion is not supported for --from")
	}
	index, err := strconv.Atoi(c.From)
	if err != nil {
		return g.named(c.From, c.Location()), nil
	}
	if index < 0 || index >= len(g.states) {
		return nil, errors.New("invalid stage index")
	}
	return g.states[index], nil
}

func (g *graph) named(name string, location []parser.Range) *state {
	if s, ok := g.byName[strings.ToLower(name)]; ok {
		return s
	}
	return &state{stage: instructions.Stage{BaseName: name, Location: location}}
}

// dependencies are dispatchState.deps, in an order that does not change.
func (s *state) dependencies() ([]*state, map[*state][]parser.Range) {
	var order []*state
	locations := map[*state][]parser.Range{}
	for _, t := range append(append([]taken{}, s.taken...), s.inherited...) {
		if _, ok := locations[t.from]; !ok {
			order = append(order, t.from)
		}
		locations[t.from] = t.location
	}
	return order, locations
}

func (g *graph) refuseCircles() error {
	visited, path := map[*state]bool{}, map[*state]bool{}
	var visit func(*state, [][]parser.Range) [][]parser.Range
	visit = func(s *state, current [][]parser.Range) [][]parser.Range {
		if visited[s] {
			return nil
		}
		visited[s], path[s] = true, true
		order, locations := s.dependencies()
		for _, from := range order {
			next := append(current, locations[from])
			if path[from] {
				return next
			}
			if found := visit(from, next); found != nil {
				return found
			}
		}
		delete(path, s)
		return nil
	}
	for _, s := range g.states {
		if found := visit(s, nil); found != nil {
			return parser.WithLocation(errors.New("circular dependency detected"), found[0])
		}
	}
	return nil
}

func (g *graph) reachable() map[*state]bool {
	found := map[*state]bool{}
	var add func(*state)
	add = func(s *state) {
		if s == nil || found[s] {
			return
		}
		found[s] = true
		add(s.base)
		order, _ := s.dependencies()
		for _, from := range order {
			add(from)
		}
	}
	add(g.stages[len(g.stages)-1])
	return found
}

// resolve checks the names of images, and adds what ONBUILD of earlier stages brings.
func (g *graph) resolve() (bool, error) {
	for _, s := range g.states {
		if s.base == nil && s.stage.BaseName != emptyImageName {
			if _, err := reference.ParseNormalizedNamed(s.stage.BaseName); err != nil {
				return false, parser.WithLocation(err, s.stage.Location)
			}
		}
	}
	again := false
	reachable := g.reachable()
	for _, s := range g.stages {
		if s.base == nil || s.triggered || !reachable[s] {
			continue
		}
		s.triggered = true
		for _, command := range s.base.stage.Commands {
			onbuild, ok := command.(*instructions.OnbuildCommand)
			if !ok {
				continue
			}
			found, err := g.trigger(onbuild, s.stage.Location)
			if err != nil {
				return false, parser.SetLocation(err, s.stage.Location)
			}
			s.inherited = append(s.inherited, found...)
			again = again || len(found) > 0
		}
	}
	return again, nil
}

// trigger is initOnBuildTriggers, for one of them.
func (g *graph) trigger(onbuild *instructions.OnbuildCommand, location []parser.Range) ([]taken, error) {
	ast, err := parser.Parse(strings.NewReader(onbuild.Expression))
	if err != nil {
		return nil, err
	}
	if len(ast.AST.Children) != 1 {
		return nil, errors.New("onbuild trigger should be a single expression")
	}
	node := ast.AST.Children[0]
	node.StartLine, node.EndLine = location[0].Start.Line, location[0].Start.Line
	command, err := instructions.ParseCommand(node)
	if err != nil {
		return nil, err
	}
	return g.take(command)
}

func (g *graph) refuseLaterStages() error {
	reachable := g.reachable()
	for _, s := range g.stages {
		for _, t := range append(append([]taken{}, s.inherited...), s.taken...) {
			if reachable[s] && t.text != "" && t.from.index != nil && *t.from.index > *s.index {
				return parser.WithLocation(errors.New("the stage needs to be defined before"), t.location)
			}
		}
	}
	return nil
}
