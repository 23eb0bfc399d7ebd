export const doctorCommands = (_parent, _run) => undefined;
