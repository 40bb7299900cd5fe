/**
 * The hot TypeScript, as AssemblyScript: one source, compiled both ways.
 *
 * In:  entry points (methods or functions of src/).  Out: AssemblyScript text of them and of all they call.
 *
 * Only a subset of TypeScript is understood, and whatever is outside it ends the build with its place:
 * - numbers are 32-bit integers (`x >>> 0` makes one unsigned); `Float` (memory/memory.ts) is a 64-bit float, as is what
 *   is read from a Float64Array or written with a point or an exponent (1e9);
 * - typed arrays are addresses, and what is read from them is loaded;
 * - a class or interface has one instance: its arrays and numbers are globals, which the host sets once (they must not
 *   be assigned to afterwards); methods are functions;
 * - a function or method marked `@cold` is not translated but imported from the host.
 * Imported and local constants are written in as numbers, exported constant tables as data.
 */
import ts from 'typescript';
import { BODIES, CALLS } from './instructions.mjs';
import { isFloat, Values } from './values.mjs';

const LOADS = { Int32Array: ['i32', 2], Uint8Array: ['u8', 0], Float64Array: ['f64', 3] };
const ASSIGNMENTS = new Map([
  [ts.SyntaxKind.PlusEqualsToken, '+'],
  [ts.SyntaxKind.MinusEqualsToken, '-'],
  [ts.SyntaxKind.BarEqualsToken, '|'],
  [ts.SyntaxKind.AmpersandEqualsToken, '&'],
  [ts.SyntaxKind.CaretEqualsToken, '^'],
  [ts.SyntaxKind.GreaterThanGreaterThanEqualsToken, '>>'],
  [ts.SyntaxKind.LessThanLessThanEqualsToken, '<<'],
]);
const MATH = { imul: '*', min: 'min', max: 'max', clz32: 'clz' };
const GET_BYTES = { getUint8: ['u8', 1], getUint16: ['u16', 2], getInt32: ['i32', 4], getUint32: ['u32', 4] };
const SET_BYTES = { setUint8: 'u8', setUint16: 'u16', setInt32: 'i32' };

export class Translator {
  /** Translated declarations, by name, in the order in which they were met. */
  #functions = new Map();
  #globals = new Map();
  #imports = new Map();
  #data = new Map();
  #queue = [];

  /**
   * @param program a ts.Program of src/
   * @param stands interface name -> the class that stands for it
   */
  constructor(program, stands) {
    this.checker = program.getTypeChecker();
    this.stands = stands;
    this.values = new Values(this.checker);
  }

  /** Asks for a declaration and what it calls; `name` is exported to the host. */
  add(declaration) {
    const name = this.#nameOf(declaration);
    this.#request(name, declaration);
    return name;
  }

  /** The whole module. @param exported names that add() gave */
  text(exported) {
    while (this.#queue.length > 0) {
      const [name, declaration] = this.#queue.shift();
      this.#functions.set(name, this.#function(name, declaration, exported.includes(name)));
    }
    return [
      ...this.#imports.values(),
      ...[...this.#globals].map(([name, type]) => `export let ${name}: ${type} = 0;`),
      ...this.#data.values(),
      ...this.#functions.values(),
      'export function heapBase(): usize { return __heap_base; }',
      '',
    ].join('\n');
  }

  #fail(node, what) {
    const file = node.getSourceFile();
    const { line, character } = file.getLineAndCharacterOfPosition(node.getStart());
    throw new Error(`${file.fileName}:${line + 1}:${character + 1}: ${what}: ${node.getText().slice(0, 80)}`);
  }

  // ---- declarations

  #request(name, declaration) {
    if (this.#functions.has(name)) return;
    this.#functions.set(name, '');
    this.#queue.push([name, declaration]);
  }

  #nameOf(declaration) {
    const own = declaration.name?.getText() ?? declaration.parent.name.getText();
    const owner = declaration.parent;
    if (ts.isClassDeclaration(owner) || ts.isInterfaceDeclaration(owner)) {
      return `${owner.name.getText()}_${ts.isGetAccessor(declaration) ? 'get_' : ''}${own}`;
    }
    return `${moduleOf(declaration)}_${own}`;
  }

  #typeOf(node) {
    const type = this.checker.getTypeAtLocation(node);
    // The type of `this` is a parameter, bound to its class.
    return type.flags & ts.TypeFlags.TypeParameter ? this.checker.getBaseConstraintOfType(type) : type;
  }

  /** Int32Array ..., DataView, or the name of a class or interface, by the type of an expression. */
  #kindOf(type) {
    const name = (type.symbol ?? type.aliasSymbol)?.name;
    if (name === 'DataView' || name in LOADS) return name;
    if (type.flags & ts.TypeFlags.Object && name !== undefined && type.isClassOrInterface()) return name;
    return null;
  }

  /** The AssemblyScript type of a parameter or result; null where it takes none (the only instance of its class). */
  #wasmType(typeNode, type) {
    if (typeNode?.getText() === 'Float') return 'f64';
    const kind = this.#kindOf(type);
    if (kind in LOADS || kind === 'DataView') return 'usize';
    if (kind !== null) return null;
    if (type.flags & ts.TypeFlags.BooleanLike) return 'bool';
    if (type.flags & ts.TypeFlags.NumberLike) return 'i32';
    if (type.flags & (ts.TypeFlags.VoidLike | ts.TypeFlags.Never)) return 'void';
    return undefined;
  }

  #signature(declaration) {
    const parameters = [];
    for (const parameter of declaration.parameters) {
      const type = this.#wasmType(parameter.type, this.#typeOf(parameter));
      if (type === undefined) this.#fail(parameter, 'this type has no place in the fast path');
      if (type !== null) parameters.push({ name: local(parameter.name), type, initial: parameter.initializer });
    }
    const signature = this.checker.getSignatureFromDeclaration(declaration);
    const result = this.#wasmType(declaration.type, this.checker.getReturnTypeOfSignature(signature));
    if (result === undefined || result === null) this.#fail(declaration, 'this result has no place in the fast path');
    return { parameters, result };
  }

  #function(name, declaration, isExported) {
    const { parameters, result } = this.#signature(declaration);
    const list = parameters.map(p => `${p.name}: ${p.type}${p.initial ? ` = ${this.#expression(p.initial)}` : ''}`);
    const body = ts.isBlock(declaration.body)
      ? (BODIES[name] ?? this.#body(declaration.body, result))
      : `{ return ${this.#cast(result, this.#expression(declaration.body))}; }`;
    return `${isExported ? 'export ' : ''}function ${name}(${list.join(', ')}): ${result} ${body}`;
  }

  /** AssemblyScript wants a last word where an endless loop has none. */
  #body(block, result) {
    const ends = ts.isReturnStatement(block.statements.at(-1)) || result === 'void';
    return ends ? this.#block(block) : `{ ${this.#block(block)}\nreturn ${result === 'bool' ? 'false' : '0'}; }`;
  }

  #cast(type, text) {
    return type === 'i32' ? `<i32>(${text})` : text;
  }

  /** The function, method or accessor that a call or property names; cold ones become imports. */
  #callee(node, symbolNode) {
    let symbol = this.checker.getSymbolAtLocation(symbolNode);
    if (symbol.flags & ts.SymbolFlags.Alias) symbol = this.checker.getAliasedSymbol(symbol);
    let declaration = symbol.declarations[0];
    if (ts.isVariableDeclaration(declaration)) declaration = declaration.initializer;
    const owner = declaration.parent;
    if (ts.isInterfaceDeclaration(owner) && this.stands[owner.name.text] !== undefined && !isCold(declaration)) {
      declaration = this.#memberOf(this.stands[owner.name.text], symbol.name);
    }
    const name = this.#nameOf(declaration);
    if (isCold(declaration)) this.#import(name, declaration);
    else if (declaration.body === undefined) this.#fail(node, 'nobody says what this does');
    else this.#request(name, declaration);
    return { name, declaration };
  }

  #memberOf(cls, name) {
    const members = cls.members.filter(member => member.name?.getText() === name);
    return members.find(member => member.body !== undefined) ?? members[0];
  }

  /** The import's name tells the host what it gets: n a number, b a boolean, a an array. */
  #import(name, declaration) {
    if (this.#imports.has(name)) return;
    const { parameters, result } = this.#signature(declaration);
    const kinds = parameters.map(({ type }) => (type === 'usize' ? 'a' : type === 'bool' ? 'b' : 'n')).join('');
    const list = parameters.map(p => `${p.name}: ${p.type}`).join(', ');
    this.#imports.set(name, `@external("cold", "${name}:${kinds}")\ndeclare function ${name}(${list}): ${result};`);
  }

  #global(name, type) {
    this.#globals.set(name, type);
    return name;
  }

  // ---- statements

  #block(block) {
    return `{\n${block.statements.map(s => this.#statement(s)).join('\n')}\n}`;
  }

  #statement(node) {
    switch (node.kind) {
      case ts.SyntaxKind.Block:
        return this.#block(node);
      case ts.SyntaxKind.EmptyStatement:
        return ';';
      case ts.SyntaxKind.VariableStatement:
        return `${this.#variables(node.declarationList)};`;
      case ts.SyntaxKind.ExpressionStatement:
        return `${this.#expression(node.expression)};`;
      case ts.SyntaxKind.ReturnStatement: {
        if (node.expression === undefined) return 'return;';
        const text = this.#expression(node.expression);
        const isNumber = this.#typeOf(node.expression).flags & ts.TypeFlags.NumberLike;
        return `return ${isNumber && !isFloat(node.expression, this.checker) ? `<i32>(${text})` : text};`;
      }
      case ts.SyntaxKind.IfStatement: {
        const otherwise = node.elseStatement ? ` else ${this.#statement(node.elseStatement)}` : '';
        return `if (${this.#expression(node.expression)}) ${this.#statement(node.thenStatement)}${otherwise}`;
      }
      case ts.SyntaxKind.WhileStatement:
        return `while (${this.#expression(node.expression)}) ${this.#statement(node.statement)}`;
      case ts.SyntaxKind.DoStatement:
        return `do ${this.#statement(node.statement)} while (${this.#expression(node.expression)});`;
      case ts.SyntaxKind.ForStatement: {
        const { initializer, condition, incrementor } = node;
        if (!initializer && !condition && !incrementor) return `while (true) ${this.#statement(node.statement)}`;
        const first =
          initializer === undefined
            ? ''
            : ts.isVariableDeclarationList(initializer)
              ? this.#variables(initializer)
              : this.#expression(initializer);
        const test = condition === undefined ? '' : this.#expression(condition);
        const step = incrementor === undefined ? '' : this.#expression(incrementor);
        return `for (${first}; ${test}; ${step}) ${this.#statement(node.statement)}`;
      }
      case ts.SyntaxKind.BreakStatement:
        return 'break;';
      case ts.SyntaxKind.ContinueStatement:
        return 'continue;';
      case ts.SyntaxKind.ThrowStatement:
        return 'unreachable();';
      case ts.SyntaxKind.SwitchStatement: {
        const clauses = node.caseBlock.clauses.map(clause => {
          const head = ts.isDefaultClause(clause) ? 'default' : `case ${this.#expression(clause.expression)}`;
          return `${head}: ${clause.statements.map(s => this.#statement(s)).join('\n')}`;
        });
        return `switch (${this.#expression(node.expression)}) {\n${clauses.join('\n')}\n}`;
      }
      default:
        return this.#fail(node, 'no statement of the subset');
    }
  }

  #variables(list) {
    const word = list.flags & ts.NodeFlags.Const ? 'const' : 'let';
    const parts = [];
    for (const { name, initializer, type } of list.declarations) {
      if (ts.isIdentifier(name)) {
        if (this.#isInstance(this.#typeOf(name))) continue;
        const annotated = type && type.getText() !== 'Float' ? `: ${this.#wasmType(type, this.#typeOf(name))}` : '';
        parts.push(`${word} ${local(name)}${annotated} = ${this.#expression(initializer)}`);
      } else if (ts.isObjectBindingPattern(name)) {
        for (const element of name.elements) {
          if (this.#isInstance(this.#typeOf(element.name))) continue;
          const property = (element.propertyName ?? element.name).getText();
          parts.push(`${word} ${local(element.name)} = ${this.#field(element, this.#typeOf(initializer), property)}`);
        }
      } else this.#fail(name, 'no variable of the subset');
    }
    return parts.join('; ');
  }

  #isInstance(type) {
    const kind = this.#kindOf(type);
    return kind !== null && !(kind in LOADS) && kind !== 'DataView';
  }

  // ---- expressions

  #expression(node) {
    const value = this.values.of(node);
    if (value !== undefined) return value;
    switch (node.kind) {
      case ts.SyntaxKind.ParenthesizedExpression:
        return `(${this.#expression(node.expression)})`;
      case ts.SyntaxKind.NonNullExpression:
      case ts.SyntaxKind.AsExpression:
        return this.#expression(node.expression);
      case ts.SyntaxKind.TrueKeyword:
        return 'true';
      case ts.SyntaxKind.FalseKeyword:
        return 'false';
      case ts.SyntaxKind.Identifier:
        return this.#identifier(node);
      case ts.SyntaxKind.PropertyAccessExpression:
        return this.#property(node);
      case ts.SyntaxKind.ElementAccessExpression:
        return this.#load(node);
      case ts.SyntaxKind.ConditionalExpression: {
        const [a, b, c] = [node.condition, node.whenTrue, node.whenFalse].map(part => this.#expression(part));
        return `(${a} ? ${b} : ${c})`;
      }
      case ts.SyntaxKind.PrefixUnaryExpression:
        return `${ts.tokenToString(node.operator)}${this.#expression(node.operand)}`;
      case ts.SyntaxKind.PostfixUnaryExpression:
        return `${this.#expression(node.operand)}${ts.tokenToString(node.operator)}`;
      case ts.SyntaxKind.BinaryExpression:
        return this.#binary(node);
      case ts.SyntaxKind.CallExpression:
        return this.#call(node);
      default:
        return this.#fail(node, 'no expression of the subset');
    }
  }

  #identifier(node) {
    let symbol = this.checker.getSymbolAtLocation(node);
    if (symbol.flags & ts.SymbolFlags.Alias) symbol = this.checker.getAliasedSymbol(symbol);
    const declaration = symbol.valueDeclaration;
    const isModuleLevel = ts.isVariableDeclaration(declaration) && ts.isSourceFile(declaration.parent.parent.parent);
    if (!isModuleLevel) return local(node);
    const name = `${moduleOf(declaration)}_${symbol.name}`;
    if (!this.#data.has(name)) this.#data.set(name, this.values.table(name, declaration, symbol.name));
    return name;
  }

  #property(node) {
    const type = this.#typeOf(node.expression);
    const accessor = this.checker.getSymbolAtLocation(node.name);
    const declaration = accessor.declarations[0];
    if (ts.isGetAccessor(declaration) || (ts.isInterfaceDeclaration(declaration.parent) && this.#standIn(node, type))) {
      const { name } = this.#callee(node, node.name);
      if (ts.isGetAccessor(this.#memberIn(declaration))) return `${name}()`;
    }
    return this.#field(node, type, node.name.text);
  }

  #standIn(node, type) {
    const cls = this.stands[this.#kindOf(type)];
    return cls !== undefined && ts.isGetAccessor(this.#memberOf(cls, node.name.text));
  }

  #memberIn(declaration) {
    const cls = this.stands[declaration.parent.name?.text];
    return cls === undefined ? declaration : this.#memberOf(cls, declaration.name.getText());
  }

  /** A field of the only instance of a class or interface. */
  #field(node, type, property) {
    const kind = this.#kindOf(type);
    if (kind === null || kind in LOADS) this.#fail(node, 'only instances of classes and interfaces have fields here');
    const owner = this.stands[kind]?.name.text ?? kind;
    const symbol = type.getProperty(property);
    const declared = this.checker.getTypeOfSymbol(symbol);
    const wasm = this.#wasmType(undefined, declared);
    if (wasm === undefined || wasm === null) this.#fail(node, 'a field of this type has no place in the fast path');
    return this.#global(`${owner}_${property}`, wasm);
  }

  /** Address and constant offset of array[index]. */
  #place(node) {
    const kind = this.#kindOf(this.#typeOf(node.expression));
    if (!(kind in LOADS)) this.#fail(node, 'only Int32Array, Uint8Array and Float64Array are read here');
    const [type, shift] = LOADS[kind];
    const { rest, offset } = this.values.split(node.argumentExpression);
    const array = this.#expression(node.expression);
    const index = rest.map(part => this.#expression(part)).join(' + ');
    const scaled = index === '' ? '' : shift === 0 ? ` + <usize>(${index})` : ` + (<usize>(${index}) << ${shift})`;
    // An offset in the instruction is unsigned; what is subtracted stays in the address.
    if (offset < 0) return { type, at: `${array}${scaled} - ${-offset << shift}`, offset: 0 };
    return { type, at: `${array}${scaled}`, offset: offset << shift };
  }

  #load(node) {
    const { type, at, offset } = this.#place(node);
    return type === 'u8' ? `<i32>load<u8>(${at}, ${offset})` : `load<${type}>(${at}, ${offset})`;
  }

  #store(target, text) {
    const { type, at, offset } = this.#place(target);
    const value = type === 'f64' ? `<f64>(${text})` : `<i32>(${text})`;
    return `store<${type}>(${at}, ${type === 'u8' ? `<u8>(${text})` : value}, ${offset})`;
  }

  #binary(node) {
    const { left, right, operatorToken } = node;
    const operator = operatorToken.kind;
    if (operator === ts.SyntaxKind.EqualsToken || ASSIGNMENTS.has(operator)) {
      const target = unwrapped(left);
      const value = ASSIGNMENTS.has(operator)
        ? `(${this.#expression(left)} ${ASSIGNMENTS.get(operator)} ${this.#expression(right)})`
        : this.#expression(right);
      if (ts.isElementAccessExpression(target)) return this.#store(target, value);
      if (!ts.isIdentifier(target)) this.#fail(node, 'only array elements and local variables are assigned to');
      const isInteger = !isFloat(right, this.checker) && this.#typeOf(right).flags & ts.TypeFlags.NumberLike;
      return `${local(target)} = ${isInteger ? `<i32>(${value})` : value}`;
    }
    if (operator === ts.SyntaxKind.BarToken && this.values.of(right) === '0' && this.#isWholeDivision(left)) {
      const { left: dividend, right: divisor } = unwrapped(left);
      return `(<i32>(${this.#expression(dividend)}) / ${this.values.of(divisor)})`;
    }
    const text = this.#expression(left);
    if (this.values.of(right) === '0') {
      if (operator === ts.SyntaxKind.BarToken) return `(<i32>(${text}))`;
      if (operator === ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken) return `(<u32>(${text}))`;
    }
    if (operator === ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken) {
      return `(<i32>((<u32>(${text})) >> ${this.#expression(right)}))`;
    }
    if (operator === ts.SyntaxKind.SlashToken) return `(<f64>(${text}) / <f64>(${this.#expression(right)}))`;
    const sign = { '===': '==', '!==': '!=' }[ts.tokenToString(operator)] ?? ts.tokenToString(operator);
    return `(${text} ${sign} ${this.#expression(right)})`;
  }

  /** ((a | 0) / b) | 0 with a constant b above 0: there is an instruction that does the same. */
  #isWholeDivision(node) {
    const division = unwrapped(node);
    if (!ts.isBinaryExpression(division) || division.operatorToken.kind !== ts.SyntaxKind.SlashToken) return false;
    const dividend = unwrapped(division.left);
    const isSigned = ts.isBinaryExpression(dividend) && dividend.operatorToken.kind === ts.SyntaxKind.BarToken;
    return isSigned && /^[1-9]\d*$/.test(this.values.of(division.right) ?? '');
  }

  #call(node) {
    const { expression } = node;
    const given = node.arguments.filter(argument => !this.#isInstance(this.#typeOf(argument)));
    if (ts.isPropertyAccessExpression(expression)) {
      const object = expression.expression;
      const method = expression.name.text;
      if (object.getText() === 'Math' && method in MATH) {
        const [a, b] = given.map(argument => this.#expression(argument));
        if (method === 'clz32') return `clz<i32>(${a})`;
        return method === 'imul' ? `((${a}) * (${b}))` : `${method}<i32>(${a}, ${b})`;
      }
      const kind = this.#kindOf(this.#typeOf(object));
      if (kind === 'DataView') return this.#bytes(object, method, given);
      if (kind in LOADS && method === 'fill') {
        const [value, from, to] = given.map(argument => this.#expression(argument));
        if (value !== '0') this.#fail(node, 'only zeros are filled in');
        const [, shift] = LOADS[kind];
        const at = `${this.#expression(object)} + (<usize>(${from}) << ${shift})`;
        return `memory.fill(${at}, 0, <usize>((${to}) - (${from})) << ${shift})`;
      }
    }
    const values = given.map(argument => this.#expression(argument));
    const { name } = this.#callee(node, ts.isPropertyAccessExpression(expression) ? expression.name : expression);
    return CALLS[name]?.(...values) ?? `${name}(${values.join(', ')})`;
  }

  #inOrder(loaded, type, little) {
    const big = `bswap<${type}>(${loaded})`;
    if (little === true || little?.kind === ts.SyntaxKind.TrueKeyword) return loaded;
    if (little === undefined || little.kind === ts.SyntaxKind.FalseKeyword) return big;
    return `(${this.#expression(little)} ? ${loaded} : ${big})`;
  }

  /** DataView.getX(at, littleEndian?): big-endian unless it says otherwise. */
  #bytes(view, method, [at, little, order]) {
    if (method in SET_BYTES) return this.#setBytes(view, method, at, little, order);
    if (!(method in GET_BYTES)) this.#fail(view, `DataView.${method} is not known here`);
    const [type, size] = GET_BYTES[method];
    const { rest, offset } = this.values.split(at);
    const index = rest.map(part => this.#expression(part)).join(' + ') || '0';
    const loaded = `load<${type}>(${this.#expression(view)} + <usize>(${index}), ${offset})`;
    const swapped = this.#inOrder(loaded, type, size === 1 ? true : little);
    return type === 'i32' || type === 'u32' ? swapped : `<i32>${swapped}`;
  }

  /** DataView.setX(at, value, true): little-endian only. */
  #setBytes(view, method, at, value, order) {
    const type = SET_BYTES[method];
    if (type !== 'u8' && order?.kind !== ts.SyntaxKind.TrueKeyword)
      this.#fail(view, 'only little-endian is written here');
    const { rest, offset } = this.values.split(at);
    const index = rest.map(part => this.#expression(part)).join(' + ') || '0';
    return `store<${type}>(${this.#expression(view)} + <usize>(${index}), <${type}>(${this.#expression(value)}), ${offset})`;
  }
}

/** Words that name things in TypeScript only. */
const local = ({ text }) => (text === 'of' ? 'of_' : text);

const isCold = declaration =>
  ts
    .getJSDocTags(ts.isArrowFunction(declaration) ? declaration.parent.parent.parent : declaration)
    .some(tag => tag.tagName.text === 'cold');

const moduleOf = node =>
  node
    .getSourceFile()
    .fileName.replace(/^.*\/src\//, '')
    .replace(/\.ts$/, '')
    .replace(/\W/g, '_');

function unwrapped(node) {
  let inner = node;
  while (ts.isNonNullExpression(inner) || ts.isParenthesizedExpression(inner)) inner = inner.expression;
  return inner;
}
